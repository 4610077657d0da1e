import assert from 'node:assert/strict'
import type { Sid } from '../../src/core/brand.ts'
import type { Contract } from './contract.ts'
import { ageless, at, characterOf, keyOf, note, refOf, roles, sessionOf, signedIn, signUp, T0 } from './people.ts'

/** Rotation of keys, and every way a session ends before its time. */
export function sessionEndContract({ test, makeStore }: Contract): void {
  test('rotate() replaces the key and keeps sid, place and character', async () => {
    const store = await makeStore()
    const { session, user } = await signedIn(store, 1, 'a', { character: characterOf('7', 'north') })
    const fresh = { ...session, key: keyOf(user, 'b'), authTime: at(10), version: 2 }
    assert.equal(
      await store.sessions.rotate(session.key, fresh, at(40), note('session-rotated', user, at(10))),
      'rotated',
    )
    const found = await store.sessions.read(fresh.key, at(11))
    assert.deepEqual(ageless(found), { kind: 'live', session: fresh, user, grace: false })
    assert.deepEqual(await store.sessions.count(at(11), 0), { active: 1, total: 1 })
  })

  test('create() and rotate() keep what a key was made for', async () => {
    const store = await makeStore()
    const basis = { at: T0, epoch: 1, roles: [], remember: 'forget' } as const
    const { user, session } = await signedIn(store, 1, 'a', { basis })
    const first = await store.sessions.read(session.key, at(1))
    assert.deepEqual(first.kind === 'live' && first.session.basis, basis)
    const later = { at: at(9), epoch: 2, roles: roles('builder', 'admin'), remember: 'remember' } as const
    const fresh = { ...session, key: keyOf(user, 'b'), version: 2, basis: later }
    await store.sessions.rotate(session.key, fresh, at(39), note('session-rotated', user, at(9)))
    const second = await store.sessions.read(fresh.key, at(10))
    assert.deepEqual(second.kind === 'live' && second.session.basis, later)
  })

  test('create() and rotate() keep when the person proved who they are, or that nobody can tell (RFC 9470)', async () => {
    const store = await makeStore()
    const { user, session } = await signedIn(store, 1)
    const first = await store.sessions.read(session.key, at(1))
    assert.equal(first.kind === 'live' && 'provenAt' in first.session, false)
    const fresh = { ...session, key: keyOf(user, 'b'), version: 2, provenAt: at(9) }
    await store.sessions.rotate(session.key, fresh, at(39), note('session-rotated', user, at(9)))
    const second = await store.sessions.read(fresh.key, at(10))
    assert.equal(second.kind === 'live' && second.session.provenAt, at(9))
    const third = await signedIn(store, 2, 'a', { provenAt: at(3) })
    const read = await store.sessions.read(third.session.key, at(10))
    assert.equal(read.kind === 'live' && read.session.provenAt, at(3))
  })

  test('rotate() lets the old key live for reads until the grace is over, and shows the new key', async () => {
    const store = await makeStore()
    const { session, user } = await signedIn(store, 1)
    const fresh = { ...session, key: keyOf(user, 'b') }
    await store.sessions.rotate(session.key, fresh, at(40), note('session-rotated', user, at(10)))
    const during = await store.sessions.read(session.key, at(39))
    assert.ok(during.kind === 'live' && during.grace)
    assert.equal(during.session.key, fresh.key)
    assert.deepEqual(await store.sessions.read(session.key, at(40)), { kind: 'unknown' })
  })

  test('rotate() leaves the old key nothing but reads', async () => {
    const store = await makeStore()
    const { session, user } = await signedIn(store, 1)
    const fresh = { ...session, key: keyOf(user, 'b') }
    await store.sessions.rotate(session.key, fresh, at(40), note('session-rotated', user, at(10)))
    assert.equal(await store.sessions.extend(session.key, 2, at(11), at(5_000)), 'gone')
    assert.equal(await store.sessions.select(session.key, null, note('character-selected', user, at(11))), false)
  })

  test('rotate() of the same key by two callers at once happens once', async () => {
    const store = await makeStore()
    const { session, user } = await signedIn(store, 1)
    const got = await Promise.all(
      ['b', 'c'].map((name) =>
        store.sessions.rotate(
          session.key,
          { ...session, key: keyOf(user, name) },
          at(40),
          note('session-rotated', user, at(10)),
        ),
      ),
    )
    assert.deepEqual(got.sort(), ['gone', 'rotated'])
    assert.equal((await store.sessions.list(user, at(11))).length, 1)
  })

  test('rotate() does not undo what another request changed since the caller read', async () => {
    const store = await makeStore()
    const { session, user } = await signedIn(store, 1)
    const hero = characterOf('7', 'north')
    await store.sessions.select(session.key, hero, note('character-selected', user, at(5)))
    const fresh = { ...session, key: keyOf(user, 'b') }
    await store.sessions.rotate(session.key, fresh, at(40), note('session-rotated', user, at(10)))
    const found = await store.sessions.read(fresh.key, at(11))
    assert.deepEqual(found.kind === 'live' && found.session.character, hero)
  })

  test('rotate() twice within the grace leaves both old keys readable', async () => {
    const store = await makeStore()
    const { session, user } = await signedIn(store, 1)
    const second = { ...session, key: keyOf(user, 'b') }
    const third = { ...session, key: keyOf(user, 'c') }
    await store.sessions.rotate(session.key, second, at(40), note('session-rotated', user, at(10)))
    await store.sessions.rotate(second.key, third, at(45), note('session-rotated', user, at(15)))
    for (const key of [session.key, second.key]) {
      const found = await store.sessions.read(key, at(16))
      assert.equal(found.kind === 'live' && found.session.key, third.key)
    }
  })

  test('rotate() of an unknown, ended or expired session is gone', async () => {
    const store = await makeStore()
    const { session, user } = await signedIn(store, 1, 'a', { idleUntil: at(100) })
    const fresh = { ...session, key: keyOf(user, 'b') }
    const audit = note('session-rotated', user, at(100))
    assert.equal(await store.sessions.rotate(session.key, fresh, at(130), audit), 'gone')
    assert.equal(await store.sessions.rotate(keyOf(user, 'x'), fresh, at(130), audit), 'gone')
    assert.deepEqual(await store.sessions.read(fresh.key, at(100)), { kind: 'unknown' })
  })

  test('read() with a replaced key during its grace tells how the session ended', async () => {
    const store = await makeStore()
    const { session, user } = await signedIn(store, 1)
    const fresh = { ...session, key: keyOf(user, 'b') }
    await store.sessions.rotate(session.key, fresh, at(40), note('session-rotated', user, at(10)))
    await store.sessions.revoke(fresh.key, 'kicked', at(20), note('session-revoked', user, at(20)))
    assert.deepEqual(await store.sessions.read(session.key, at(21)), { kind: 'ended', reason: 'kicked', at: at(20) })
  })

  test('revoke() is true when the session was there and false when not (S31, S24)', async () => {
    const store = await makeStore()
    const { session, user } = await signedIn(store, 1)
    const audit = note('sign-out', user, at(5))
    assert.equal(await store.sessions.revoke(session.key, 'signed-out', at(5), audit), true)
    assert.equal(await store.sessions.revoke(session.key, 'signed-out', at(6), audit), false)
    assert.equal(await store.sessions.revoke(keyOf(user, 'x'), 'signed-out', at(6), audit), false)
    assert.deepEqual(await store.sessions.read(session.key, at(6)), { kind: 'ended', reason: 'signed-out', at: at(5) })
  })

  test('revoke() by two callers at once is true for one of them', async () => {
    const store = await makeStore()
    const { session, user } = await signedIn(store, 1)
    const audit = note('sign-out', user, at(5))
    const got = await Promise.all([1, 2, 3].map(() => store.sessions.revoke(session.key, 'kicked', at(5), audit)))
    assert.equal(got.filter((one) => one).length, 1)
  })

  test('revoke() of a session that is over already is false', async () => {
    const store = await makeStore()
    const { session, user } = await signedIn(store, 1, 'a', { idleUntil: at(100) })
    assert.equal(await store.sessions.revoke(session.key, 'kicked', at(100), note('sign-out', user, at(100))), false)
    assert.deepEqual(await store.sessions.read(session.key, at(101)), { kind: 'ended', reason: 'expired', at: at(100) })
  })

  test('revoke() by a key that was just replaced ends the session: signing out always works', async () => {
    const store = await makeStore()
    const { session, user } = await signedIn(store, 1)
    const fresh = { ...session, key: keyOf(user, 'b') }
    await store.sessions.rotate(session.key, fresh, at(40), note('session-rotated', user, at(10)))
    assert.equal(await store.sessions.revoke(session.key, 'signed-out', at(20), note('sign-out', user, at(20))), true)
    assert.equal((await store.sessions.read(fresh.key, at(21))).kind, 'ended')
  })

  test('revokeSid() ends one session of its user and of nobody else', async () => {
    const store = await makeStore()
    const { session, user } = await signedIn(store, 1)
    const other = await signedIn(store, 2)
    const audit = note('session-revoked', user, at(5))
    assert.equal(await store.sessions.revokeSid(other.user, session.sid, 'kicked', at(5), audit), false)
    assert.equal(await store.sessions.revokeSid(user, 'nobody' as Sid, 'kicked', at(5), audit), false)
    assert.equal(await store.sessions.revokeSid(user, session.sid, 'kicked', at(5), audit), true)
    assert.deepEqual(await store.sessions.read(session.key, at(5)), { kind: 'ended', reason: 'kicked', at: at(5) })
    assert.equal((await store.sessions.read(other.session.key, at(5))).kind, 'live')
  })

  test('revokeUser() gives the number of sessions it ended, 0 is no error (S32)', async () => {
    const store = await makeStore()
    const { session, user } = await signedIn(store, 1)
    await store.sessions.create(sessionOf(user, 'b'), null, note('sign-in', user))
    const audit = note('session-revoked', user, at(5))
    assert.equal(await store.sessions.revokeUser(user, 'banned', at(5), audit), 2)
    assert.equal(await store.sessions.revokeUser(user, 'banned', at(6), audit), 0)
    assert.deepEqual(await store.sessions.read(session.key, at(6)), { kind: 'ended', reason: 'banned', at: at(5) })
    assert.equal(await store.sessions.revokeUser(refOf(9), 'banned', at(6), audit), 0)
  })

  test('revokeUser() spares the session it is told to, and raises the epoch of the user', async () => {
    const store = await makeStore()
    const { session, user } = await signedIn(store, 1)
    const other = sessionOf(user, 'b')
    await store.sessions.create(other, null, note('sign-in', user))
    assert.equal(await store.sessions.revokeUser(user, 'kicked', at(5), note('session-revoked', user), session.sid), 1)
    const found = await store.sessions.read(session.key, at(6))
    assert.ok(found.kind === 'live')
    assert.ok(found.user.epoch > user.epoch)
    assert.equal((await store.sessions.read(other.key, at(6))).kind, 'ended')
  })

  test('revokeUser() while a session is being created leaves it alive or ended, and the count right', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    const session = sessionOf(user, 'a')
    const [, ended] = await Promise.all([
      store.sessions.create(session, null, note('sign-in', user)),
      store.sessions.revokeUser(user, 'kicked', T0, note('session-revoked', user)),
    ])
    const found = await store.sessions.read(session.key, at(1))
    assert.equal(found.kind, ended === 1 ? 'ended' : 'live')
    assert.equal((await store.sessions.count(at(1), 0)).total, ended === 1 ? 0 : 1)
  })

  test('revokeAll() ends every session of everybody and gives the number, 0 on an empty store (S34)', async () => {
    const store = await makeStore()
    assert.equal(await store.sessions.revokeAll(T0, note('session-revoked', null)), 0)
    const all = await Promise.all([1, 2, 3, 4, 5].map((n) => signedIn(store, n)))
    assert.equal(await store.sessions.revokeAll(at(5), note('session-revoked', null, at(5))), 5)
    for (const { session } of all) {
      assert.deepEqual(await store.sessions.read(session.key, at(6)), { kind: 'ended', reason: 'kicked', at: at(5) })
    }
    assert.deepEqual(await store.sessions.count(at(6), 0), { active: 0, total: 0 })
    assert.equal(await store.sessions.revokeAll(at(7), note('session-revoked', null, at(7))), 0)
  })

  test('revokeAll() does not touch sessions that begin after it (S34)', async () => {
    const store = await makeStore()
    const { user } = await signedIn(store, 1)
    await store.sessions.revokeAll(at(5), note('session-revoked', null, at(5)))
    const later = sessionOf(user, 'later', { createdAt: at(6) })
    await store.sessions.create(later, null, note('sign-in', user, at(6)))
    assert.equal((await store.sessions.read(later.key, at(7))).kind, 'live')
    assert.equal(await store.sessions.sweep(at(60)), 0)
    assert.equal((await store.sessions.read(later.key, at(61))).kind, 'live')
  })

  test('sweep() removes what is over and gives the number; run again at once it gives 0 (S9, S19)', async () => {
    const store = await makeStore()
    await signedIn(store, 1, 'a', { idleUntil: at(100) })
    await signedIn(store, 2, 'a', { idleUntil: at(100) })
    const { session } = await signedIn(store, 3, 'a', { idleUntil: at(101) })
    assert.equal(await store.sessions.sweep(at(99)), 0)
    assert.equal(await store.sessions.sweep(at(100)), 2)
    assert.equal(await store.sessions.sweep(at(100)), 0)
    assert.equal((await store.sessions.read(session.key, at(100))).kind, 'live')
  })

  test('sweep() leaves a trace that tells the player that the session expired (S17, S28)', async () => {
    const store = await makeStore()
    const { session } = await signedIn(store, 1, 'a', { idleUntil: at(100) })
    await store.sessions.sweep(at(500))
    assert.deepEqual(await store.sessions.read(session.key, at(501)), { kind: 'ended', reason: 'expired', at: at(100) })
  })
}
