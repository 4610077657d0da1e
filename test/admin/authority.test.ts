import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { User } from '../../src/core/person.ts'
import type { Workbench } from '../support/gateway.ts'
import { asPerson, atDoor, type Benches, benchesOn, MUD, MUD_SETTINGS, STORES } from './support/bench.ts'

type Role = 'player' | 'worldbuilder' | 'admin' | 'superuser'
type Verdict = 'yes' | 'permission_denied' | 'outranked' | 'role_too_high'

/** seeds A14: actor x target. Rows are actors; columns are targets player, worldbuilder, admin, superuser. */
const BAN: Readonly<Record<Role, readonly Verdict[]>> = {
  player: ['permission_denied', 'permission_denied', 'permission_denied', 'permission_denied'],
  worldbuilder: ['permission_denied', 'permission_denied', 'permission_denied', 'permission_denied'],
  admin: ['yes', 'yes', 'outranked', 'outranked'],
  superuser: ['yes', 'yes', 'yes', 'outranked'],
}
/** seeds A14: kicking has the same level rule here as banning (X: none there). */
const KICK = BAN
/** seeds A14: change of role and removal need manage_users, which only superusers hold. */
const MANAGE: Readonly<Record<Role, readonly Verdict[]>> = {
  player: ['permission_denied', 'permission_denied', 'permission_denied', 'permission_denied'],
  worldbuilder: ['permission_denied', 'permission_denied', 'permission_denied', 'permission_denied'],
  admin: ['permission_denied', 'permission_denied', 'permission_denied', 'permission_denied'],
  superuser: ['yes', 'yes', 'yes', 'outranked'],
}
const TARGETS: readonly Role[] = ['player', 'worldbuilder', 'admin', 'superuser']
const cells = (table: Readonly<Record<Role, readonly Verdict[]>>) =>
  Object.entries(table).flatMap(([actor, row]) =>
    row.map((verdict, at) => [actor as Role, TARGETS[at] ?? 'player', verdict] as const),
  )

describe.each(STORES)('who may do what to whom on %s (seeds A14)', (kind) => {
  let benches: Benches
  let bench: Workbench
  beforeAll(async () => {
    benches = await benchesOn(kind)
  })
  afterAll(() => benches.stop())
  beforeEach(async () => {
    bench = await benches.bench(MUD, MUD_SETTINGS)
  })

  async function act(actor: Role, target: Role, operation: string, input: (user: User) => unknown) {
    const { cookie } = await bench.signedIn([actor], 'Actor')
    const { user, cookie: other } = await bench.signedIn([target], 'Target')
    const answered = await asPerson(bench, cookie, operation, input(user))
    return { answered, user, other, verdict: answered.status === 200 ? 'yes' : answered.body['code'] }
  }

  test.each(cells(BAN))('A14 ban: %s bans %s: %s', async (actor, target, verdict) => {
    const did = await act(actor, target, 'users.ban', ({ id }) => ({ user: id, reason: 'flooding' }))
    expect(did.verdict).toBe(verdict)
    const now = await bench.store.directory.read(did.user.id)
    expect(now?.standing.kind).toBe(verdict === 'yes' ? 'banned' : 'active')
  })

  test.each(cells(BAN))('A14 unban: %s lifts a ban of %s: %s', async (actor, target, verdict) => {
    expect((await act(actor, target, 'users.unban', ({ id }) => ({ user: id }))).verdict).toBe(verdict)
  })

  test.each(cells(BAN))('A14 suspend: %s suspends %s: %s', async (actor, target, verdict) => {
    const until = bench.clock.now + 3600
    const did = await act(actor, target, 'users.suspend', ({ id }) => ({ user: id, until, reason: 'cool down' }))
    expect(did.verdict).toBe(verdict)
  })

  test.each(cells(KICK))('A14 kick: %s kicks %s: %s', async (actor, target, verdict) => {
    const did = await act(actor, target, 'users.kick', ({ id }) => ({ user: id }))
    expect(did.verdict).toBe(verdict)
    const alive = await bench.request('/auth/session', { headers: { cookie: did.other } })
    expect(alive.status).toBe(verdict === 'yes' ? 401 : 200)
  })

  test.each(cells(MANAGE))('A14 change role: %s makes %s a worldbuilder: %s', async (actor, target, verdict) => {
    const did = await act(actor, target, 'roles.replace', ({ id }) => ({ user: id, roles: ['worldbuilder'] }))
    expect(did.verdict).toBe(verdict)
  })

  test.each(cells(MANAGE))('A14 delete: %s removes %s: %s', async (actor, target, verdict) => {
    const did = await act(actor, target, 'users.remove', ({ id }) => ({ user: id }))
    expect(did.verdict).toBe(verdict)
    const left = await bench.store.directory.read(did.user.id)
    expect(left === null ? 'yes' : 'no').toBe(verdict === 'yes' ? 'yes' : 'no')
  })

  test('A14: a superuser makes no superuser', async () => {
    const did = await act('superuser', 'admin', 'roles.assign', ({ id }) => ({ user: id, role: 'superuser' }))
    expect(did.answered).toMatchObject({ status: 403, body: { code: 'role_too_high', what: 'superuser' } })
  })

  test('A14: nobody does these to the own account', async () => {
    const { cookie, user } = await bench.signedIn(['superuser'])
    const own = { status: 400, body: { code: 'own_account' } }
    expect(await asPerson(bench, cookie, 'users.ban', { user: user.id, reason: 'x' })).toMatchObject(own)
    expect(await asPerson(bench, cookie, 'users.remove', { user: user.id })).toMatchObject(own)
    expect(await asPerson(bench, cookie, 'roles.assign', { user: user.id, role: 'player' })).toMatchObject(own)
    expect(await asPerson(bench, cookie, 'roles.replace', { user: user.id, roles: [] })).toMatchObject(own)
    expect(await asPerson(bench, cookie, 'users.unban', { user: user.id })).toMatchObject(own)
  })

  test('A14: the own sessions may be kicked', async () => {
    const { cookie, user } = await bench.signedIn(['admin'])
    expect(await asPerson(bench, cookie, 'users.kick', { user: user.id })).toMatchObject({ body: { ended: 1 } })
  })

  test('A14: an unknown user is 404 before the level is asked', async () => {
    const { cookie } = await bench.signedIn(['admin'])
    const answered = await asPerson(bench, cookie, 'users.ban', { user: 'nobody', reason: 'x' })
    expect(answered).toMatchObject({ status: 404, body: { code: 'unknown_user' } })
  })

  test('A14: an unknown session is told and is no error', async () => {
    const { cookie } = await bench.signedIn(['admin'])
    const answered = await asPerson(bench, cookie, 'sessions.revoke', { session: 'never-was' })
    expect(answered).toMatchObject({ status: 200, body: { ended: false } })
  })

  test('A14: the order is session, permission, target, self, level', async () => {
    const { cookie } = await bench.signedIn(['player'])
    expect((await asPerson(bench, '', 'users.ban', {})).status).toBe(401)
    expect((await asPerson(bench, cookie, 'users.ban', { user: 'nobody', reason: 'x' })).status).toBe(403)
    expect((await asPerson(bench, cookie, 'users.bann', {})).status).toBe(404)
  })

  test('A14: every session of a banned person ends, and old ones do not come back', async () => {
    const { user, cookie } = await bench.signedIn(['player'])
    await bench.request('/auth/session', { headers: { cookie } })
    expect(await atDoor(bench, 'users.ban', { user: user.id, reason: 'cheating' })).toMatchObject({
      body: { sessions_ended: 1, changed: true },
    })
    const refused = await bench.request('/auth/session', { headers: { cookie } })
    expect(refused.status).toBe(401)
    expect(await refused.json()).toMatchObject({ code: 'session_revoked', reason: 'banned' })
    await atDoor(bench, 'users.unban', { user: user.id })
    expect((await bench.request('/auth/session', { headers: { cookie } })).status).toBe(401)
  })

  test('a suspension ends by itself', async () => {
    const { user } = await bench.signedIn(['player'])
    await atDoor(bench, 'users.suspend', { user: user.id, until: bench.clock.now + 60, reason: 'test' })
    const late = await atDoor(bench, 'users.suspend', { user: user.id, until: bench.clock.now, reason: 'test' })
    expect(late).toMatchObject({ status: 400, body: { where: 'until' } })
  })

  test('the last administrator stays one, whatever is done and whoever does it', async () => {
    const { user } = await bench.signedIn(['superuser'])
    const last = { status: 409, body: { code: 'last_admin' } }
    expect(await atDoor(bench, 'roles.remove', { user: user.id, role: 'superuser' })).toMatchObject(last)
    expect(await atDoor(bench, 'roles.replace', { user: user.id, roles: ['player'] })).toMatchObject(last)
    expect(await atDoor(bench, 'users.ban', { user: user.id, reason: 'x' })).toMatchObject(last)
    expect(await atDoor(bench, 'users.remove', { user: user.id })).toMatchObject(last)
    await bench.signedIn(['superuser'])
    expect((await atDoor(bench, 'users.remove', { user: user.id })).status).toBe(200)
  })

  test('A10: a role the user lacks is taken without an error and without a change', async () => {
    const { user } = await bench.signedIn(['player'])
    const answered = await atDoor(bench, 'roles.remove', { user: user.id, role: 'admin' })
    expect(answered).toMatchObject({ status: 200, body: { changed: false, roles: ['player'] } })
  })

  test('A8: with one role per user assigning replaces', async () => {
    const { user } = await bench.signedIn(['player'])
    const answered = await atDoor(bench, 'roles.assign', { user: user.id, role: 'admin' })
    expect(answered).toMatchObject({ body: { roles: ['admin'], primary_role: 'admin', removed: ['player'] } })
    const two = await atDoor(bench, 'roles.replace', { user: user.id, roles: ['admin', 'player'] })
    expect(two).toMatchObject({ status: 400, body: { where: 'roles' } })
  })

  test('an unknown role is 400 and names the one that was meant', async () => {
    const { user } = await bench.signedIn(['player'])
    const answered = await atDoor(bench, 'roles.assign', { user: user.id, role: 'worldbilder' })
    expect(answered).toMatchObject({
      status: 400,
      body: { code: 'unknown_role', hint: 'did you mean "worldbuilder"?' },
    })
  })

  test('a changed role reaches the very next request, and the record says who did it', async () => {
    const { user, cookie } = await bench.signedIn(['player'])
    const { cookie: chief, user: actor } = await bench.signedIn(['superuser'])
    await bench.request('/auth/session', { headers: { cookie } })
    await asPerson(bench, chief, 'roles.assign', { user: user.id, role: 'admin' })
    const state = (await (await bench.request('/auth/session', { headers: { cookie } })).json()) as { roles: string[] }
    expect(state.roles).toEqual(['admin'])
    const filter = { from: null, to: null, subject: user.id, event: 'roles-changed' } as const
    const { items } = await bench.store.audit.read(filter, { after: null, limit: 5 })
    expect(items).toMatchObject([{ actor: actor.id, subject: user.id, detail: { added: 'admin', removed: 'player' } }])
  })
})
