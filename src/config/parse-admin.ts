import { PERMISSION_NAME } from '../policy/permissions.ts'
import type { AdminAction, Config } from '../ports/config.ts'
import type { Reader } from './reader.ts'

/** The permission of each administrative action where the configuration says nothing; a policy need not have it. */
export const ADMIN_PERMISSIONS: Readonly<Record<AdminAction, string>> = {
  users: 'admin.users',
  ban: 'players.ban',
  kick: 'admin.users',
  roles: 'admin.roles',
  remove: 'admin.users',
  attributes: 'admin.users',
  characters: 'admin.users',
  tokens: 'admin.config',
  logs: 'admin.logs',
  config: 'admin.config',
  system: 'admin.system',
}

/** The permission of each administrative action; a policy that calls them otherwise says so here. */
export function parseAdminPermissions(read: Reader): Config['adminPermissions'] {
  const entries = Object.entries(ADMIN_PERMISSIONS).map(([action, fallback]): [string, string] => {
    const permission = read.text(action, fallback)
    if (!PERMISSION_NAME.test(permission))
      read.fault(action, `must be a permission such as ${fallback}, not "${permission}"`)
    return [action, permission]
  })
  read.end()
  return Object.fromEntries(entries) as Record<AdminAction, string>
}
