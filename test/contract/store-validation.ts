import assert from 'node:assert/strict'
import type { Store } from '../../src/ports/store.ts'
import type { Contract } from './contract.ts'
import { at, characterOf, keyOf, note, refOf, roles, sessionOf, signedIn, signUp, T0 } from './people.ts'

/** What the store has to say for each row of the truth table of seeds 2.3; the pipeline makes answers of it. */
export function validationContract({ test, makeStore }: Contract): void {
  async function readAs(store: Store, name: string, when = T0) {
    return store.sessions.read(keyOf(refOf(1), name), when)
  }

  test('2.3 unknown id: unknown', async () => {
    const store = await makeStore()
    assert.deepEqual(await readAs(store, 'nothing'), { kind: 'unknown' })
  })

  test('2.3 end reached: ended with the reason, and removed', async () => {
    const store = await makeStore()
    await signedIn(store, 1, 'a', { idleUntil: at(10) })
    assert.deepEqual(await readAs(store, 'a', at(10)), { kind: 'ended', reason: 'expired', at: at(10) })
    assert.equal((await store.sessions.count(T0, 0)).total, 0)
  })

  test('2.3 user gone: unknown, and the record is removed (S20)', async () => {
    const store = await makeStore()
    const { user } = await signedIn(store, 1)
    assert.equal(await store.directory.remove(user, [], at(5), note('user-removed', user, at(5))), 'removed')
    assert.deepEqual(await readAs(store, 'a', at(6)), { kind: 'unknown' })
    assert.equal((await store.sessions.count(at(6), 0)).total, 0)
    assert.deepEqual(await store.sessions.list(user, at(6)), [])
  })

  test('2.3 user without any role: live, with no roles', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1, { roles: [] })
    await store.sessions.create(sessionOf(user, 'a'), null, note('sign-in', user))
    const found = await readAs(store, 'a')
    assert.deepEqual(found.kind === 'live' && found.user.roles, [])
  })

  test('2.3 role that no policy knows: live, and the role is kept as it is', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1, { roles: roles('no-such-role', 'player'), primaryRole: null })
    await store.sessions.create(sessionOf(user, 'a'), null, note('sign-in', user))
    const found = await readAs(store, 'a')
    assert.deepEqual(found.kind === 'live' && found.user.roles, ['no-such-role', 'player'])
  })

  test('2.3 user suspended or banned: live, with the standing that says why and until when (G9)', async () => {
    const store = await makeStore()
    const { user } = await signedIn(store, 1)
    const suspended = { kind: 'suspended', until: at(500), reason: 'spam' } as const
    await store.directory.setStanding(user, suspended, [], at(1), note('standing-changed', user, at(1)))
    const first = await readAs(store, 'a', at(2))
    assert.deepEqual(first.kind === 'live' && first.user.standing, suspended)
    const banned = { kind: 'banned', reason: 'cheating' } as const
    await store.directory.setStanding(user, banned, [], at(3), note('standing-changed', user, at(3)))
    const second = await readAs(store, 'a', at(4))
    assert.deepEqual(second.kind === 'live' && second.user.standing, banned)
  })

  test('2.3 no character selected: live, with none', async () => {
    const store = await makeStore()
    await signedIn(store, 1)
    const found = await readAs(store, 'a')
    assert.equal(found.kind === 'live' && found.session.character, null)
  })

  test('2.3 character selected: live, with id, name and world (C9)', async () => {
    const store = await makeStore()
    await signedIn(store, 1, 'a', { character: characterOf('7', 'north') })
    const found = await readAs(store, 'a')
    assert.deepEqual(found.kind === 'live' && found.session.character, characterOf('7', 'north'))
  })

  test('read() brings changed roles, standing, profile and attributes with the next read (S27)', async () => {
    const store = await makeStore()
    const { user, session } = await signedIn(store, 1)
    const before = await store.sessions.read(session.key, at(1))
    await store.directory.setRoles(user, roles('admin'), null, [], note('roles-changed', user, at(2)))
    await store.directory.setAttributes(user, { level: 9 }, note('attributes-changed', user, at(2)))
    const after = await store.sessions.read(session.key, at(3))
    assert.ok(before.kind === 'live' && after.kind === 'live')
    assert.deepEqual(after.user.roles, ['admin'])
    assert.deepEqual(after.user.attributes, { level: 9 })
    assert.ok(after.user.epoch > before.user.epoch)
  })

  test('read() during a role change gives the old user or the new one, never a mixture (S27)', async () => {
    const store = await makeStore()
    const { user, session } = await signedIn(store, 1)
    const reads = Array.from({ length: 10 }, () => store.sessions.read(session.key, at(1)))
    const changed = await store.directory.setRoles(
      user,
      roles('admin', 'player'),
      roles('admin')[0] ?? null,
      [],
      note('roles-changed', user, at(1)),
    )
    assert.equal(changed.kind, 'changed')
    for (const found of await Promise.all(reads)) {
      assert.ok(found.kind === 'live')
      const isOld = found.user.epoch === user.epoch
      assert.deepEqual(found.user.roles, isOld ? ['player'] : ['admin', 'player'])
      assert.equal(found.user.primaryRole, isOld ? null : 'admin')
    }
  })

  test('S35: user name and roles of a session come with it, nothing when it is over or unknown', async () => {
    const store = await makeStore()
    const { session } = await signedIn(store, 1, 'a', { idleUntil: at(10) })
    const found = await store.sessions.read(session.key, at(9))
    assert.equal(found.kind === 'live' && found.user.profile.name, 'Player 1')
    assert.deepEqual(found.kind === 'live' && found.user.roles, ['player'])
    assert.notEqual((await store.sessions.read(session.key, at(10))).kind, 'live')
  })
}
