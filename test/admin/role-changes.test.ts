import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Actor, Call } from '../../src/admin/operations/call.ts'
import { inviteAdmin, redeemInvite } from '../../src/admin/operations/invites.ts'
import { assignRole, removeRole, replaceRoles } from '../../src/admin/operations/roles.ts'
import type { RoleName } from '../../src/core/brand.ts'
import type { User } from '../../src/core/person.ts'
import { tellingStore } from '../../src/runtime/telling-store.ts'
import { note, roles } from '../contract/people.ts'
import type { Workbench } from '../support/gateway.ts'
import { atDoor, type Benches, benchesOn, MUD, MUD_SETTINGS, STORES } from './support/bench.ts'

const OPERATOR: Actor = { kind: 'operator' }
const MANY = Object.fromEntries(
  Object.entries(MUD).map(([name, text]) => [name, text.replace('roles: one', 'roles: many')]),
)

describe.each(STORES)('role changes that overlap on %s (seeds A8; SPEC 10)', (kind) => {
  let benches: Benches
  let bench: Workbench
  beforeAll(async () => {
    benches = await benchesOn(kind)
  })
  afterAll(() => benches.stop())
  beforeEach(async () => {
    bench = await benches.bench(MANY, MUD_SETTINGS)
  })

  /** A call that finds out, after it has read the person, that somebody else was quicker. */
  function overtaken(actor: Actor, by: () => Promise<unknown>, times = 1): Call {
    const { gateway } = bench
    const { directory } = gateway.store
    let left = times
    const read: typeof directory.read = async (id) => {
      const user = await directory.read(id)
      if (left-- > 0) await by()
      return user
    }
    const store = { ...gateway.store, directory: { ...directory, read } }
    return { gateway: { ...gateway, store }, requestId: 'r', actor, mode: 'do' }
  }

  async function write(user: User, ...names: string[]): Promise<void> {
    await bench.store.directory.setRoles(user, roles(...names), null, [], note('roles-changed', user))
  }

  async function held(user: User): Promise<readonly RoleName[]> {
    return (await bench.store.directory.read(user.id))?.roles ?? []
  }

  test('assignRole() does not bring back a role that was taken after it read', async () => {
    const { user } = await bench.signedIn(['player', 'admin'], 'Target')
    const call = overtaken(OPERATOR, () => write(user, 'player'))
    const done = await assignRole(call, { user: user.id, role: 'worldbuilder' })
    expect(done).toMatchObject({ ok: true, value: { changed: true, added: ['worldbuilder'], removed: [] } })
    expect(await held(user)).toEqual(['player', 'worldbuilder'])
  })

  test('removeRole() does not take a role that was given after it read', async () => {
    const { user } = await bench.signedIn(['player', 'worldbuilder'], 'Target')
    const call = overtaken(OPERATOR, () => write(user, 'player', 'worldbuilder', 'admin'))
    expect((await removeRole(call, { user: user.id, role: 'worldbuilder' })).ok).toBe(true)
    expect(await held(user)).toEqual(['player', 'admin'])
  })

  test('assignRole() by somebody who may not give a role does not give it back by coming late', async () => {
    const { user } = await bench.signedIn(['player'], 'Target')
    const { user: admin } = await bench.signedIn(['admin'], 'Actor')
    const token = { id: 'token', name: 'token', scopes: null, fixed: false }
    const actor = { kind: 'caller', subject: { kind: 'token', user: admin, token } } as const
    const call = overtaken(actor, () => write(user, 'player', 'superuser'))
    expect(await assignRole(call, { user: user.id, role: 'worldbuilder' })).toMatchObject({
      ok: false,
      fault: { fault: 'outranked' },
    })
    expect(await held(user)).toEqual(['player', 'superuser'])
  })

  test('replaceRoles() names what it really took away', async () => {
    const { user } = await bench.signedIn(['player'], 'Target')
    const call = overtaken(OPERATOR, () => write(user, 'player', 'worldbuilder'))
    const done = await replaceRoles(call, { user: user.id, roles: ['admin'], primary: null })
    expect(done).toMatchObject({ ok: true, value: { added: ['admin'], removed: ['player', 'worldbuilder'] } })
  })

  test('assignRole() of an account that is removed meanwhile says that there is no such user', async () => {
    const { user } = await bench.signedIn(['player'], 'Target')
    const { directory } = bench.store
    const audit = note('user-removed', user)
    const call = overtaken(OPERATOR, () => directory.remove(user, [], bench.gateway.runtime.now(), audit))
    const done = await assignRole(call, { user: user.id, role: 'worldbuilder' })
    expect(done).toMatchObject({ ok: false, fault: { fault: 'unknown-user' } })
  })

  test.each([
    ['goes through after 31 others', 31, true],
    ['gives up after 32 others, as an interruption', 32, false],
  ])('assignRole() %s', async (_, others, isDone) => {
    const { user } = await bench.signedIn(['player'], 'Target')
    let turn = 0
    const call = overtaken(OPERATOR, () => write(user, 'player', turn++ % 2 === 0 ? 'admin' : 'superuser'), others)
    const attempt = assignRole(call, { user: user.id, role: 'worldbuilder' })
    if (isDone) expect((await attempt).ok).toBe(true)
    else await expect(attempt).rejects.toMatchObject({ name: 'StoreUnavailable', operation: 'setRoles' })
    expect((await held(user)).includes('worldbuilder' as RoleName)).toBe(isDone)
  })

  test('redeemInvite() keeps what the person holds now, not what the session remembers', async () => {
    const { user } = await bench.signedIn(['player', 'worldbuilder'], 'Ada')
    const made = await inviteAdmin({ gateway: bench.gateway, requestId: 'r', actor: OPERATOR, mode: 'do' })
    const code = made.ok ? String(made.value['code']) : ''
    await write(user, 'player', 'admin')
    const call = overtaken(OPERATOR, () => write(user, 'player'))
    expect(await redeemInvite(call, user, code)).toMatchObject({ ok: true, value: { role: 'superuser' } })
    expect(await held(user)).toEqual(['player', 'superuser'])
  })

  test('a store that tells of its writes compares like the one below it', async () => {
    const { user } = await bench.signedIn(['player'], 'Target')
    const store = tellingStore(bench.store, bench.gateway.runtime.now, () => undefined)
    await write(user, 'player', 'admin')
    const late = await store.directory.setRoles(
      user,
      roles('worldbuilder'),
      null,
      [],
      note('roles-changed', user),
      user,
    )
    expect(late).toEqual({ kind: 'stale' })
  })

  test('roles.remove and roles.assign at once are both there afterwards', async () => {
    const { user } = await bench.signedIn(['player', 'admin'], 'Target')
    const got = await Promise.all([
      atDoor(bench, 'roles.remove', { user: user.id, role: 'admin' }),
      atDoor(bench, 'roles.assign', { user: user.id, role: 'worldbuilder' }),
    ])
    expect(got).toMatchObject([
      { status: 200, body: { changed: true } },
      { status: 200, body: { changed: true } },
    ])
    expect([...(await held(user))].sort()).toEqual(['player', 'worldbuilder'])
  })

  test('roles.remove of both admins at once leaves one', async () => {
    const { user: first } = await bench.signedIn(['superuser'], 'First')
    const { user: second } = await bench.signedIn(['superuser'], 'Second')
    const got = await Promise.all(
      [first, second].map(({ id }) => atDoor(bench, 'roles.remove', { user: id, role: 'superuser' })),
    )
    expect(got.map(({ status }) => status).sort()).toEqual([200, 409])
    expect([...(await held(first)), ...(await held(second))]).toEqual(['superuser'])
  })
})
