import assert from 'node:assert/strict'
import { isSameEra } from '../../src/core/era.ts'
import type { Contract } from './contract.ts'
import { at, note, sessionOf, signedIn, signUp, T0 } from './people.ts'

/** Where a new session finds room, what it comes too late for, and what a program's says of itself. */
export function roomContract({ test, makeStore }: Contract): void {
  test('create() keeps how a program came by a session, and what it follows', async () => {
    const store = await makeStore()
    for (const native of ['device', 'loopback'] as const) {
      const { session } = await signedIn(store, native === 'device' ? 1 : 2, 'a', { native, follows: 'provider-sid.x' })
      const found = await store.sessions.read(session.key, T0)
      assert.ok(found.kind === 'live')
      assert.deepEqual([found.session.native, found.session.follows], [native, 'provider-sid.x'])
    }
  })

  test('create() of a session that ended makes it not live again', async () => {
    const store = await makeStore()
    const { user, session } = await signedIn(store, 1)
    await store.sessions.revoke(session.key, 'signed-out', at(1), note('sign-out', user, at(1)))
    assert.deepEqual(await store.sessions.create(session, null, note('sign-in', user)), { kind: 'changed' })
    assert.equal((await store.sessions.read(session.key, at(2))).kind, 'ended')
    assert.equal((await store.sessions.list(user, at(2))).length, 0)
  })

  test('create() evicts the oldest sessions beyond the cap, in one step (S5, S12)', async () => {
    const store = await makeStore()
    const { user, session: first } = await signedIn(store, 1, 'a', { createdAt: at(0) })
    const second = sessionOf(user, 'b', { createdAt: at(1) })
    await store.sessions.create(second, null, note('sign-in', user, at(1)))
    const third = sessionOf(user, 'c', { createdAt: at(2) })
    const created = await store.sessions.create(third, { max: 2, excess: 'evict_oldest' }, note('sign-in', user, at(2)))
    assert.deepEqual(created, { kind: 'created', evicted: [first.sid] })
    assert.deepEqual(await store.sessions.read(first.key, at(2)), { kind: 'ended', reason: 'evicted', at: at(2) })
    assert.equal((await store.sessions.read(second.key, at(2))).kind, 'live')
  })

  test('create() with cap 1 leaves exactly one session when two sign in at once (S12)', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    const cap = { max: 1, excess: 'evict_oldest' } as const
    await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) => store.sessions.create(sessionOf(user, name), cap, note('sign-in', user))),
    )
    assert.equal((await store.sessions.list(user, T0)).length, 1)
    assert.deepEqual(await store.sessions.count(T0, 0), { active: 1, total: 1 })
  })

  test('create() beyond the cap is refused and stores nothing when the cap refuses (S5)', async () => {
    const store = await makeStore()
    const { user, session } = await signedIn(store, 1)
    const created = await store.sessions.create(
      sessionOf(user, 'b'),
      { max: 1, excess: 'refuse' },
      note('sign-in', user),
    )
    assert.deepEqual(created, { kind: 'refused' })
    assert.deepEqual(
      (await store.sessions.list(user, T0)).map(({ sid }) => sid),
      [session.sid],
    )
  })

  test('create() evicts the oldest other session, never the one it is told to spare', async () => {
    const store = await makeStore()
    const { user, session: first } = await signedIn(store, 1, 'a', { createdAt: at(0) })
    const second = sessionOf(user, 'b', { createdAt: at(1) })
    await store.sessions.create(second, null, note('sign-in', user, at(1)))
    const cap = { max: 2, excess: 'evict_oldest', spare: first.sid } as const
    const third = sessionOf(user, 'c', { createdAt: at(2) })
    const created = await store.sessions.create(third, cap, note('sign-in', user, at(2)))
    assert.deepEqual(created, { kind: 'created', evicted: [second.sid] })
    assert.equal((await store.sessions.read(first.key, at(2))).kind, 'live')
  })

  test('create() is refused where only the session to spare could make room, and ends nothing', async () => {
    const store = await makeStore()
    const { user, session } = await signedIn(store, 1)
    const cap = { max: 1, excess: 'evict_oldest', spare: session.sid } as const
    assert.deepEqual(await store.sessions.create(sessionOf(user, 'b'), cap, note('sign-in', user)), { kind: 'refused' })
    assert.equal((await store.sessions.read(session.key, T0)).kind, 'live')
  })

  test('create() for a user who changed since is refused, so that what was decided meanwhile counts', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    const basis = { at: T0, epoch: user.epoch, roles: user.roles, remember: 'forget' } as const
    const audit = note('sign-in', user)
    // Nobody has a session yet: a sign-out everywhere that ends none is one all the same.
    assert.equal(await store.sessions.revokeUser(user, 'signed-out', T0, note('sign-out', user)), 0)
    const late = sessionOf(user, 'a', { basis })
    assert.deepEqual(await store.sessions.create(late, null, audit), { kind: 'changed' })
    assert.deepEqual(await store.sessions.read(late.key, T0), { kind: 'unknown' })
    const now = await store.directory.read(user.id)
    assert.ok(now !== null)
    const fresh = sessionOf(user, 'b', { basis: { ...basis, epoch: now.epoch } })
    assert.equal((await store.sessions.create(fresh, null, audit)).kind, 'created')
    await store.directory.setStanding(user, { kind: 'banned', reason: 'x' }, [], T0, note('standing-changed', user))
    const banned = sessionOf(user, 'c', { basis: { ...basis, epoch: now.epoch } })
    assert.deepEqual(await store.sessions.create(banned, null, audit), { kind: 'changed' })
  })

  test('revokeUser() begins an era, changes do not: who was read before learns which of them it was', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    const epochNow = async () => (await store.directory.read(user.id))?.epoch ?? Number.NaN
    const change = async (level: number) =>
      store.directory.setAttributes(user, { level }, note('attributes-changed', user))
    for (const level of [1, 2, 3]) await change(level)
    const changed = await epochNow()
    assert.deepEqual([changed > user.epoch, isSameEra(user.epoch, changed)], [true, true])
    for (let before = changed, level = 4; level < 7; level++) {
      await store.sessions.revokeUser(user, 'signed-out', T0, note('sign-out', user))
      await change(level)
      const now = await epochNow()
      assert.deepEqual([now > before, isSameEra(before, now)], [true, false])
      before = now
    }
  })

  test('create() lets exactly one of two in when the cap refuses and both come at once (S5, S12)', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    const cap = { max: 1, excess: 'refuse' } as const
    const got = await Promise.all(
      ['a', 'b'].map((name) => store.sessions.create(sessionOf(user, name), cap, note('sign-in', user))),
    )
    assert.deepEqual(got.map(({ kind }) => kind).sort(), ['created', 'refused'])
  })

  test('create() does not count a session that is over against the cap (S5, S15)', async () => {
    const store = await makeStore()
    const { user } = await signedIn(store, 1, 'a', { idleUntil: at(100) })
    const fresh = sessionOf(user, 'b', { createdAt: at(100) })
    const cap = { max: 1, excess: 'refuse' } as const
    assert.deepEqual(await store.sessions.create(fresh, cap, note('sign-in', user, at(100))), {
      kind: 'created',
      evicted: [],
    })
  })
}
