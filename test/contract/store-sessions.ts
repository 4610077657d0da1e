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
