import { expect, test } from 'vitest'
import type { Permission, RoleName } from '../../src/core/brand.ts'
import { checkPolicy } from '../../src/policy/compile.ts'
import { canAccess } from '../../src/policy/decide.ts'
import {
  callerPermissions,
  grantedNames,
  hasAll,
  hasAny,
  hasPermission,
  isAdmin,
  levelOf,
  managesRole,
  managesUser,
  permissionsOf,
  primaryRole,
} from '../../src/policy/permissions.ts'
import { loadPolicy, type Policy } from '../../src/policy/policy.ts'
import { formatProblems } from '../../src/policy/print.ts'
import { fileText, fixedToken, HOST, KNOWN, NOW, signedIn, token, user } from './support.ts'

const known = { ...KNOWN, upstreams: [{ name: 'site' }, { name: 'mud' }] }

async function example(...names: readonly string[]): Promise<Policy> {
  const files = names.map((name) => ({ name, text: fileText(`policies/examples/${name}.yaml`) }))
  const checked = await checkPolicy(files, known)
  if (checked.bundle === null) throw new Error(formatProblems(checked.problems))
  return loadPolicy(checked.bundle, {})
}

const platform = await example('platform/roles', 'platform/admin', 'platform/api')
const mud = await example('mud/roles', 'mud/game', 'mud/admin')

/** One line a permission: guest, padawan, game_master, guild_leader, system_admin (seeds 3.5). */
const CELLS_5 = `
players.view n y y y y
players.edit n n n n y
players.delete n n n n y
players.ban n n n n y
npcs.view n y y y y
npcs.create n y y y y
npcs.edit n n y y y
npcs.delete n n y y y
games.view n y y y y
games.create n n y y y
games.edit n n y y y
games.delete n n y y y
games.moderate n n y y y
admin.config n n n n y
admin.users n n n n y
admin.roles n n n n y
admin.logs n n n n y
admin.system n n n n y
content.view y y y y y
content.moderate n n y y y
content.delete n n n n y
demo.access y n n n y`

/** player, worldbuilder, admin, superuser (seeds 3.2). */
const CELLS_4 = `
play_game y y y y
chat y y y y
edit_world n y y y
create_rooms n y n y
create_items n y n y
create_users n n y y
kick_users n n y y
ban_users n n y y
view_logs n n y y
stop_server n n y y
manage_users n n n y
change_roles n n n y
full_access n n n y`

function cells(table: string, roles: readonly string[]): readonly (readonly [string, string, boolean])[] {
  return table
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [permission = '', ...marks] = line.split(' ')
      return marks.map((mark, index) => [permission, roles[index] ?? '', mark === 'y'] as const)
    })
}

const FIVE = ['guest', 'padawan', 'game_master', 'guild_leader', 'system_admin']
const FOUR = ['player', 'worldbuilder', 'admin', 'superuser']

function roleNames(...names: readonly string[]): readonly RoleName[] {
  return names.map((name) => name as RoleName)
}

test.each(cells(CELLS_5, FIVE))('hasPermission() %s of %s is %s (3.5)', (permission, role, answer) => {
  expect(hasPermission(platform, signedIn([role]), permission)).toBe(answer)
})

test.each(cells(CELLS_4, FOUR))('hasPermission() %s of %s is %s (3.2, A2, A3)', (permission, role, answer) => {
  expect(hasPermission(mud, signedIn([role]), permission)).toBe(answer)
})

test('the platform has 22 permissions and five levels, the MUD server four (3.5, 3.2)', () => {
  expect(platform.bundle.permissions).toHaveLength(22)
  expect(FIVE.map((role) => levelOf(platform, [role]))).toEqual([0, 1, 2, 3, 4])
  expect(FOUR.map((role) => levelOf(mud, [role]))).toEqual([0, 1, 2, 3])
})

test('hasPermission() says no for nobody (A11, A20)', () => {
  expect(hasPermission(platform, null, 'content.view')).toBe(false)
  expect(platform.bundle.permissions.every((one) => hasPermission(platform, signedIn(['system_admin']), one))).toBe(
    true,
  )
  expect(hasPermission(platform, signedIn(['padawan']), 'players.view')).toBe(true)
  expect(hasPermission(platform, signedIn(['padawan']), 'players.edit')).toBe(false)
})

test('hasPermission() of full access is yes also for a permission no role lists (A3)', () => {
  expect(hasPermission(mud, signedIn(['superuser']), 'never.heard.of')).toBe(true)
  expect(permissionsOf(mud, ['superuser'])).toEqual(['*'])
})

test('hasAny() holds for padawan and not for guest (A21)', () => {
  expect(hasAny(platform, signedIn(['padawan']), ['players.view', 'npcs.view'])).toBe(true)
  expect(hasAny(platform, signedIn(['guest']), ['players.view', 'npcs.view'])).toBe(false)
  expect(hasAny(platform, null, ['players.view'])).toBe(false)
})

test('hasAll() fails for padawan and holds for system_admin (A22)', () => {
  expect(hasAll(platform, signedIn(['padawan']), ['players.view', 'players.edit'])).toBe(false)
  expect(hasAll(platform, signedIn(['system_admin']), ['players.view', 'players.edit'])).toBe(true)
  expect(hasAll(platform, null, ['players.view'])).toBe(false)
})

test('hasAny() and hasAll() of an empty list are false (A11)', () => {
  expect(hasAny(mud, signedIn(['superuser']), [])).toBe(false)
  expect(hasAll(mud, signedIn(['superuser']), [])).toBe(false)
})

test('isAdmin() holds for system_admin alone (A24)', () => {
  expect(FIVE.map((role) => isAdmin(platform, [role]))).toEqual([false, false, false, false, true])
  expect(isAdmin(platform, ['padawan', 'system_admin'])).toBe(true)
  expect(isAdmin(platform, [])).toBe(false)
  expect(isAdmin(mud, ['superuser'])).toBe(true)
})

test('canAccess() answers for admin pages: padawan no, system_admin yes, nobody no (A23)', () => {
  const at = { host: HOST, now: NOW, address: null }
  const may = (role: string | null, path: string) =>
    canAccess(platform, role === null ? null : signedIn([role]), 'GET', path, at)
  expect(may('padawan', '/admin/players')).toBe(false)
  expect(may('padawan', '/admin/players/7')).toBe(false)
  expect(may('system_admin', '/admin/players')).toBe(true)
  expect(may('system_admin', '/admin/players/7')).toBe(true)
  expect(may('system_admin', '/administrator')).toBe(false)
  expect(may(null, '/admin')).toBe(false)
})

test('permissionsOf() is the union over roles, levelOf() the highest (A9)', () => {
  expect(permissionsOf(platform, ['guest', 'padawan'])).toContain('demo.access')
  expect(permissionsOf(platform, ['guest', 'padawan'])).toContain('npcs.create')
  expect(levelOf(platform, ['game_master', 'guest'])).toBe(2)
})

test('levelOf() of an unknown role is none, not 0 (A4)', () => {
  expect(levelOf(platform, ['wizard'])).toBeNull()
  expect(levelOf(platform, [])).toBeNull()
  expect(permissionsOf(platform, ['wizard'])).toEqual([])
})

test('primaryRole() is the chosen one while the user has it, else the highest (A8)', () => {
  const roles = roleNames('guest', 'game_master', 'padawan')
  expect(primaryRole(platform, user({ roles, primaryRole: 'padawan' as RoleName }))).toBe('padawan')
  expect(primaryRole(platform, user({ roles, primaryRole: null }))).toBe('game_master')
  expect(primaryRole(platform, user({ roles, primaryRole: 'system_admin' as RoleName }))).toBe('game_master')
  expect(primaryRole(platform, user({ roles: roleNames('wizard') }))).toBeNull()
})

test('callerPermissions() applies the scopes of a token', () => {
  expect(callerPermissions(platform, token(['padawan'], ['players.view', 'players.edit']))).toEqual(['players.view'])
  expect(callerPermissions(mud, token(['superuser'], ['chat']))).toEqual(['chat'])
  expect(callerPermissions(platform, fixedToken(['admin.system']))).toEqual(['admin.system'])
  expect(callerPermissions(platform, null)).toEqual([])
})

test('grantedNames() spells out wildcards from the catalogue, and callerPermissions() does not', () => {
  const catalogue = ['admin.logs', 'players.edit', 'players.view'] as readonly string[] as readonly Permission[]
  const boss = token(['superuser'], ['players.*'])
  expect(callerPermissions(mud, boss)).toEqual(['players.*'])
  expect(grantedNames(mud, boss, catalogue)).toEqual(['players.*', 'players.edit', 'players.view'])
  expect(callerPermissions(mud, signedIn(['superuser']))).toEqual(['*'])
  expect(grantedNames(mud, signedIn(['superuser']), catalogue)).toEqual(['*', ...catalogue])
  expect(grantedNames(platform, null, catalogue)).toEqual([])
})

test('roles name whom they manage; without it, everybody below (A14)', () => {
  expect(mud.roles.get('worldbuilder')?.manages).toEqual([])
  expect(mud.roles.get('admin')?.manages).toEqual(['player', 'worldbuilder'])
  expect(mud.roles.get('superuser')?.manages).toEqual(['admin', 'player', 'worldbuilder'])
  expect(platform.roles.get('game_master')?.manages).toEqual(['guest', 'padawan'])
})

test('new users get the default role, and a policy can say one role per user (A8, A10)', () => {
  expect(platform.bundle.defaultRole).toBe('padawan')
  expect(mud.bundle.defaultRole).toBe('player')
  expect([platform.bundle.rolesPerUser, mud.bundle.rolesPerUser]).toEqual(['many', 'one'])
})

test('a role keeps its display name and its system flag (A7)', () => {
  expect(platform.roles.get('system_admin')).toMatchObject({ displayName: 'System admin', system: true, level: 4 })
})

test('checkPolicy() takes all three notations of permissions (A1)', async () => {
  const text =
    "users: { defaultRole: a }\nroles:\n  a: { level: 1, permissions: [players.view, play_game, 'admin:users:read'] }\n  b: { level: 2, permissions: ['admin:*'] }\n"
  const checked = await checkPolicy([{ name: 'r.yaml', text }], known)
  expect(formatProblems(checked.problems)).toBe('')
  expect(checked.bundle?.roles[1]?.permissions).toEqual(['admin:users:read'])
})

test('checkPolicy() takes a star only alone or after a separator (A1)', async () => {
  const text = "users: { defaultRole: a }\nroles:\n  a: { level: 1, permissions: ['pl*'] }\n"
  const checked = await checkPolicy([{ name: 'r.yaml', text }], known)
  expect(checked.problems.map((problem) => problem.code)).toEqual(['PST211'])
})

test('the seeds name guests 24 h, level numbers and quotas by role (A26)', () => {
  const rule = platform.bundle.rules.find((one) => one.path === '/api/npcs' && one.methods.includes('POST'))
  expect(rule?.quota).toEqual({
    name: 'npcs',
    effect: 'raise',
    limits: { padawan: 3, game_master: null, guild_leader: null, system_admin: null },
  })
  const lower = platform.bundle.rules.find((one) => one.path === '/api/npcs/:id' && one.methods.includes('DELETE'))
  expect(lower?.quota).toEqual({ name: 'npcs', effect: 'lower', limits: {} })
})

test('ids of the upstream are named as secret (A17)', () => {
  const chat = mud.bundle.rules.find((one) => one.path === '/chat/:session_id')
  expect(chat).toMatchObject({ redact: ['session_id'], activity: false })
})

test('selection, sign-out and attributes are captured on success (C4, C6)', () => {
  const found = (path: string) =>
    [...mud.bundle.rules, ...platform.bundle.rules].find((one) => one.path === path)?.onSuccess
  expect(found('/characters/select')).toEqual({
    kind: 'select',
    id: { from: 'request', name: 'character_id' },
    world: { from: 'request', name: 'world_id' },
    characterName: { from: 'answer', name: 'character_name' },
  })
  expect(found('/logout')).toEqual({ kind: 'sign-out' })
  expect(found('/api/auth/complete-registration')).toEqual({
    kind: 'set-attribute',
    name: 'registration_completed',
    value: true,
  })
})

test.each([
  ['player', [false, false, false, false]],
  ['worldbuilder', [false, false, false, false]],
  ['admin', [true, true, false, false]],
  ['superuser', [true, true, true, false]],
])('managesUser() lets %s act on player, worldbuilder, admin, superuser: %s (3.3, A14)', (actor, answers) => {
  expect(FOUR.map((target) => managesUser(mud, [actor], [target]))).toEqual(answers)
})

test('managesRole() lets nobody raise somebody to the own level (3.3)', () => {
  expect(managesRole(mud, ['superuser'], 'superuser')).toBe(false)
  expect(managesRole(mud, ['superuser'], 'admin')).toBe(true)
  expect(managesRole(mud, ['admin'], 'admin')).toBe(false)
  expect(managesUser(mud, ['superuser'], ['player', 'superuser'])).toBe(false)
  expect(managesUser(mud, ['admin'], [])).toBe(true)
  expect(managesUser(mud, ['player'], [])).toBe(false)
  expect(managesRole(mud, ['worldbuilder'], 'wizard')).toBe(false)
  expect(managesRole(mud, ['superuser'], 'wizard')).toBe(true)
})

test('the actions of 3.3 ask for the permissions of 3.3', () => {
  const holders = (permission: string) => FOUR.filter((role) => hasPermission(mud, signedIn([role]), permission))
  expect(holders('ban_users')).toEqual(['admin', 'superuser'])
  expect(holders('kick_users')).toEqual(['admin', 'superuser'])
  expect(holders('create_users')).toEqual(['admin', 'superuser'])
  expect(holders('manage_users')).toEqual(['superuser'])
})

test('levelOf() does not take one strange role name for a combination of roles', () => {
  expect(levelOf(mud, ['player', 'superuser'])).toBe(3)
  expect(levelOf(mud, ['["player","superuser"]'])).toBeNull()
  expect(levelOf(mud, ['player superuser'])).toBeNull()
})

test('checkPolicy() refuses upper case in role names and says what to write (A5)', async () => {
  const text = 'users: { defaultRole: player }\nroles:\n  Player: { level: 1, permissions: [] }\n'
  const checked = await checkPolicy([{ name: 'r.yaml', text }], known)
  expect(formatProblems(checked.problems)).toBe(
    'r.yaml:3:3: PST211 "Player": role names are lower case; write "player"',
  )
})
