import type { PolicyBundle } from '../policy/model.ts'
import { plain } from './operator.ts'

/** So many of them: `1 session`, `2 sessions`. */
export function counted(count: unknown, one: string): string {
  return count === 1 ? `1 ${one}` : `${plain(count)} ${one}s`
}

/** How large a policy is. */
export function sizeOf({ rules, roles }: Pick<PolicyBundle, 'rules' | 'roles'>): string {
  return `${counted(rules.length, 'rule')}, ${counted(roles.length, 'role')}`
}
