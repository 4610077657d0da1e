import type { AdminAction, Config } from '../ports/config.ts'
import type { Reader } from './reader.ts'

const DEFAULTS: Readonly<Record<AdminAction, string>> = {
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
  const entries = Object.entries(DEFAULTS).map(([action, fallback]): [string, string] => {
    const permission = read.text(action, fallback)
    if (!/^[a-z][a-z0-9_]*([.:][a-z0-9_]+)*$/.test(permission))
      read.fault(action, `must be a permission such as ${fallback}, not "${permission}"`)
    return [action, permission]
  })
  read.end()
  return Object.fromEntries(entries) as Record<AdminAction, string>
}
