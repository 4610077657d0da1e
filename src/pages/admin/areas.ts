import type { Subject } from '../../core/person.ts'
import { hasPermission } from '../../policy/permissions.ts'
import type { AdminAction } from '../../ports/config.ts'
import type { Gateway } from '../../ports/gateway.ts'
import type { AreaName } from './parts.ts'

/** Which permission opens each part of the administration. */
const OPENED_BY: Readonly<Record<AreaName, AdminAction>> = {
  people: 'users',
  sessions: 'users',
  audit: 'logs',
  policy: 'config',
}
const AREAS = Object.keys(OPENED_BY) as readonly AreaName[]

/** The parts of the administration that somebody may see, in the order in which they are offered; empty: none of it. */
export function openAreas({ policy, config }: Pick<Gateway, 'policy' | 'config'>, who: Subject): readonly AreaName[] {
  return AREAS.filter((name) => hasPermission(policy(), who, config.adminPermissions[OPENED_BY[name]]))
}
