import assert from 'node:assert/strict'
import { type Sid, seconds } from '../../src/core/brand.ts'
import type { Contract } from './contract.ts'
import { ageless, at, guestOf, keyOf, note, refOf, sessionOf, signedIn, signUp, T0 } from './people.ts'

/** Creation, reading, expiry and sliding of sessions. */
export function sessionContract({ test, makeStore }: Contract): void {
  test('create() stores everything a session records before the cookie is handed out (S10)', async () => {
    const store = await makeStore()
    const { user, session } = await signedIn(store, 1, 'a', { lastSeenAt: T0, createdAt: T0 })
    const found = await store.sessions.read(session.key, at(1))
    assert.deepEqual(ageless(found), { kind: 'live', session, user: { ...user, lastSignInAt: T0 }, grace: false })
  })

  test('create() keeps how a program came by a session, and what it follows', async () => {
    const store = await makeStore()
    for (const native of ['device', 'loopback'] as const) {
      const { session } = await signedIn(store, native === 'device' ? 1 : 2, 'a', { native, follows: 'provider-sid.x' })
      const found = await store.sessions.read(session.key, T0)
      assert.ok(found.kind === 'live')
      assert.deepEqual([found.session.native, found.session.follows], [native, 'provider-sid.x'])
    }
  })

  test('create() sets the last sign-in of the user in the same operation (S10)', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    await store.sessions.create(sessionOf(user, 'a', { createdAt: at(500) }), null, note('sign-in', user, at(500)))
    const read = await store.directory.read(user.id)
    assert.equal(read?.lastSignInAt, at(500))
  })

  test('create() for an unknown user is refused and stores nothing (S13)', async () => {
    const store = await makeStore()
    const session = sessionOf(refOf(1), 'a')
    assert.deepEqual(await store.sessions.create(session, null, note('sign-in', refOf(1))), { kind: 'no-user' })
    assert.deepEqual(await store.sessions.read(session.key, T0), { kind: 'unknown' })
    assert.deepEqual(await store.sessions.count(T0, 0), { active: 0, total: 0 })
  })

  test('create() of one and the same session twice makes one session (S26)', async () => {
    const store = await makeStore()
    const { user, session } = await signedIn(store, 1)
    const again = await store.sessions.create(session, null, note('sign-in', user))
    assert.equal(again.kind, 'created')
    assert.equal((await store.sessions.list(user, T0)).length, 1)
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

  test('read() of an unknown key is unknown (2.3 unknown id)', async () => {
    const store = await makeStore()
    assert.deepEqual(await store.sessions.read(keyOf(refOf(1), 'nothing'), T0), { kind: 'unknown' })
  })

  test('read() answers live one second before the idle end (S15)', async () => {
    const store = await makeStore()
    const { session } = await signedIn(store, 1, 'a', { idleUntil: at(100) })
    assert.equal((await store.sessions.read(session.key, at(99))).kind, 'live')
  })

  test('read() answers ended at the idle end (S15, 2.3 end reached)', async () => {
    const store = await makeStore()
    const { session } = await signedIn(store, 1, 'a', { idleUntil: at(100) })
    const found = await store.sessions.read(session.key, at(100))
    assert.deepEqual(found, { kind: 'ended', reason: 'expired', at: at(100) })
  })

  test('read() answers ended after the idle end (S15)', async () => {
    const store = await makeStore()
    const { session } = await signedIn(store, 1, 'a', { idleUntil: at(100) })
    const found = await store.sessions.read(session.key, at(101))
    assert.deepEqual(found, { kind: 'ended', reason: 'expired', at: at(100) })
  })

  test('read() answers ended at the absolute end although the idle end is later (S15)', async () => {
    const store = await makeStore()
    const { session } = await signedIn(store, 1, 'a', { idleUntil: at(500), endsAt: at(100) })
    assert.equal((await store.sessions.read(session.key, at(99))).kind, 'live')
    assert.equal((await store.sessions.read(session.key, at(100))).kind, 'ended')
  })

  test('read() removes an expired session that it meets (S9, S17)', async () => {
    const store = await makeStore()
    const { session } = await signedIn(store, 1, 'a', { idleUntil: at(100) })
    await store.sessions.read(session.key, at(100))
    assert.deepEqual(await store.sessions.count(at(50), 0), { active: 0, total: 0 })
  })

  test('read() knows why a session ended for 24 hours and not longer (S28)', async () => {
    const store = await makeStore()
    const { session, user } = await signedIn(store, 1)
    await store.sessions.revoke(session.key, 'kicked', at(10), note('session-revoked', user, at(10)))
    const ended = { kind: 'ended', reason: 'kicked', at: at(10) }
    assert.deepEqual(await store.sessions.read(session.key, at(10 + 86_399)), ended)
    assert.deepEqual(await store.sessions.read(session.key, at(10 + 86_400)), { kind: 'unknown' })
  })

  test('read() of a session that expired long ago is unknown, whether or not it was met (S28)', async () => {
    const store = await makeStore()
    const { session } = await signedIn(store, 1, 'a', { idleUntil: at(100) })
    assert.deepEqual(await store.sessions.read(session.key, at(100 + 86_400)), { kind: 'unknown' })
  })

  test('read() during a revocation answers live or ended, never something else', async () => {
    const store = await makeStore()
    const { session, user } = await signedIn(store, 1)
    const reads = Array.from({ length: 10 }, () => store.sessions.read(session.key, at(1)))
    const revoked = store.sessions.revoke(session.key, 'kicked', at(1), note('session-revoked', user, at(1)))
    const kinds = (await Promise.all(reads)).map(({ kind }) => kind)
    assert.ok(kinds.every((kind) => kind === 'live' || kind === 'ended'))
    assert.equal(await revoked, true)
    assert.equal((await store.sessions.read(session.key, at(1))).kind, 'ended')
  })

  test('read() gives every one of many readers at once the same session (S25)', async () => {
    const store = await makeStore()
    const { session } = await signedIn(store, 1)
    const found = await Promise.all(Array.from({ length: 20 }, () => store.sessions.read(session.key, at(1))))
    for (const one of found) assert.equal(one.kind === 'live' && one.session.sid, session.sid)
  })

  test('read() keeps users apart', async () => {
    const store = await makeStore()
    const all = await Promise.all(Array.from({ length: 20 }, (_, n) => signedIn(store, n)))
    const found = await Promise.all(all.map(({ session }) => store.sessions.read(session.key, at(1))))
    assert.deepEqual(
      found.map((one) => one.kind === 'live' && one.user.id),
      all.map(({ user }) => user.id),
    )
  })

  test('extend() moves last seen and the idle end (S14)', async () => {
    const store = await makeStore()
    const { session } = await signedIn(store, 1)
    assert.equal(await store.sessions.extend(session.key, 1, at(60), at(60 + 28_800)), 'extended')
    const found = await store.sessions.read(session.key, at(61))
    assert.ok(found.kind === 'live')
    assert.equal(found.session.lastSeenAt, at(60))
    assert.equal(found.session.idleUntil, at(60 + 28_800))
    assert.equal(found.session.version, 1)
  })

  test('extend() never goes beyond the absolute end (S14)', async () => {
    const store = await makeStore()
    const { session } = await signedIn(store, 1, 'a', { idleUntil: at(90), endsAt: at(100) })
    assert.equal(await store.sessions.extend(session.key, 1, at(89), at(1_000)), 'extended')
    const found = await store.sessions.read(session.key, at(99))
    assert.equal(found.kind === 'live' && found.session.idleUntil, at(100))
    assert.equal((await store.sessions.read(session.key, at(100))).kind, 'ended')
  })

  test('extend() with sliding off moves last seen only (S2, S14)', async () => {
    const store = await makeStore()
    const { session } = await signedIn(store, 1, 'a', { idleUntil: at(100), endsAt: at(100) })
    assert.equal(await store.sessions.extend(session.key, 1, at(60), at(100)), 'extended')
    const found = await store.sessions.read(session.key, at(99))
    assert.equal(found.kind === 'live' && found.session.lastSeenAt, at(60))
    assert.equal((await store.sessions.read(session.key, at(100))).kind, 'ended')
  })

  test('extend() never goes beyond the end of a guest account (S14, G1)', async () => {
    const store = await makeStore()
    const guest = guestOf(1, { endsAt: at(100) })
    await store.directory.createGuest(guest, note('guest-created', guest))
    const session = sessionOf(guest, 'a')
    await store.sessions.create(session, null, note('sign-in', guest))
    await store.sessions.extend(session.key, 1, at(50), at(5_000))
    assert.equal((await store.sessions.read(session.key, at(99))).kind, 'live')
    assert.equal((await store.sessions.read(session.key, at(100))).kind, 'ended')
  })

  test('extend() that comes late does not move last seen back', async () => {
    const store = await makeStore()
    const { session } = await signedIn(store, 1)
    await store.sessions.extend(session.key, 1, at(120), at(120 + 28_800))
    assert.equal(await store.sessions.extend(session.key, 1, at(60), at(60 + 28_800)), 'extended')
    const found = await store.sessions.read(session.key, at(121))
    assert.ok(found.kind === 'live')
    assert.equal(found.session.lastSeenAt, at(120))
    assert.equal(found.session.idleUntil, at(120 + 28_800))
  })

  test('extend() at the end is too late, one second before it is not (S15)', async () => {
    const store = await makeStore()
    const { session } = await signedIn(store, 1, 'a', { idleUntil: at(100) })
    const other = await signedIn(store, 2, 'a', { idleUntil: at(100) })
    assert.equal(await store.sessions.extend(session.key, 1, at(99), at(200)), 'extended')
    assert.equal(await store.sessions.extend(other.session.key, 1, at(100), at(200)), 'gone')
    assert.equal((await store.sessions.read(other.session.key, at(100))).kind, 'ended')
  })

  test('extend() with an older version is stale and changes nothing', async () => {
    const store = await makeStore()
    const { session, user } = await signedIn(store, 1)
    const hero = { id: '7', name: 'Hero', world: 'north' }
    await store.sessions.select(session.key, hero, note('character-selected', user))
    assert.equal(await store.sessions.extend(session.key, 1, at(60), at(60 + 28_800)), 'stale')
    const found = await store.sessions.read(session.key, at(61))
    assert.equal(found.kind === 'live' && found.session.lastSeenAt, T0)
  })

  test('extend() of an unknown or revoked session is gone', async () => {
    const store = await makeStore()
    const { session, user } = await signedIn(store, 1)
    await store.sessions.revoke(session.key, 'signed-out', at(1), note('sign-out', user, at(1)))
    assert.equal(await store.sessions.extend(session.key, 1, at(2), at(100)), 'gone')
    assert.equal(await store.sessions.extend(keyOf(refOf(9), 'x'), 1, at(2), at(100)), 'gone')
  })

  test('extend() from many callers at once is extended for all of them', async () => {
    const store = await makeStore()
    const { session } = await signedIn(store, 1)
    const got = await Promise.all(
      Array.from({ length: 8 }, (_, n) => store.sessions.extend(session.key, 1, at(n), at(n + 28_800))),
    )
    assert.deepEqual(new Set(got), new Set(['extended']))
    const found = await store.sessions.read(session.key, at(9))
    assert.equal(found.kind === 'live' && found.session.lastSeenAt, at(7))
  })

  test('create() and read() keep Unicode and 64 KB values unchanged', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1, {
      profile: { name: 'Zoë 🐉 \u202e \u0000 "quoted" \'); --', email: null, emailVerified: false, picture: null },
      attributes: { story: '🐉ä'.repeat(10_922), level: 7, ready: true },
    })
    const session = sessionOf(user, 'a', { userAgent: 'x"\'\\\n\t🐉'.repeat(7_000), address: '2001:db8::1' })
    await store.sessions.create(session, null, note('sign-in', user))
    const found = await store.sessions.read(session.key, at(1))
    assert.deepEqual(ageless(found), { kind: 'live', session, user, grace: false })
  })

  test('create() keeps every optional field that is absent absent', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    const session = sessionOf(user, 'a', { address: null, country: null, userAgent: '', sid: 's' as Sid })
    await store.sessions.create(session, null, note('sign-in', user))
    const found = await store.sessions.read(session.key, seconds(T0 + 1))
    assert.deepEqual(found.kind === 'live' && found.session, session)
  })
}
