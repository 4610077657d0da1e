import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundleHash } from '../../src/policy/bundle.ts'
import type { PolicyBundle, Role } from '../../src/policy/model.ts'
import type { Workbench } from '../support/gateway.ts'
import { asPerson, atDoor, type Benches, benchesOn, PLATFORM, STORES } from './support/bench.ts'

describe.each(STORES)('names and system flags of roles on %s (seeds A7)', (kind) => {
  let benches: Benches
  let bench: Workbench
  beforeAll(async () => {
    benches = await benchesOn(kind)
    bench = await benches.bench(PLATFORM)
  })
  afterAll(() => benches.stop())

  async function withRoles(change: (role: Role) => readonly Role[]): Promise<PolicyBundle> {
    const { bundle } = bench.gateway.policy()
    const changed = { ...bundle, roles: bundle.roles.flatMap(change) }
    return { ...changed, hash: await bundleHash(changed) }
  }

  test('A7: roles.list has every role of the policy, lowest level first, with its name for people', async () => {
    const { body } = await atDoor(bench, 'roles.list')
    expect(body['roles']).toMatchObject([
      { name: 'guest', display_name: 'Guest', level: 0, system: true },
      { name: 'padawan', display_name: 'Padawan', level: 1 },
      { name: 'game_master', display_name: 'Game master', level: 2 },
      { name: 'guild_leader', display_name: 'Guild leader', level: 3 },
      {
        name: 'system_admin',
        display_name: 'System admin',
        level: 4,
        permissions: expect.arrayContaining(['admin.system']),
      },
    ])
    const { cookie } = await bench.signedIn(['padawan'])
    expect((await asPerson(bench, cookie, 'roles.list')).status).toBe(403)
  })

  test('A7: users are shown with the names of their roles; a role the policy does not know has its own', async () => {
    const { user } = await bench.signedIn(['game_master', 'ghost'])
    expect((await atDoor(bench, 'users.show', { user: user.id })).body).toMatchObject({
      roles: ['game_master', 'ghost'],
      role_names: ['Game master', 'ghost'],
    })
  })

  test('A7: a push that deletes or renames a built-in role is refused, and taken once it is none any more', async () => {
    const deleted = await withRoles((role) => (role.name === 'game_master' ? [] : [role]))
    const renamed = await withRoles((role) =>
      role.name === 'game_master' ? [{ ...role, name: 'gm' as never }] : [role],
    )
    for (const bundle of [deleted, renamed])
      expect(await atDoor(bench, 'policies.push', { bundle })).toMatchObject({
        status: 400,
        body: { code: 'policy_refused', problems: [{ where: 'roles.game_master', what: 'is built in, and missing' }] },
      })
    expect(await bench.store.policies.active()).toBeNull()
    const freed = await withRoles((role) => [{ ...role, system: false }])
    expect((await atDoor(bench, 'policies.push', { bundle: freed })).status).toBe(200)
  })
})
