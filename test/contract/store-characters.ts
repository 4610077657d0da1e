import assert from 'node:assert/strict'
import type { Character } from '../../src/core/person.ts'
import type { Contract } from './contract.ts'
import { at, characterOf, keyOf, note, refOf, sessionOf, signedIn, signUp, T0 } from './people.ts'

/** The character of a session: id and world together or not at all. */
export function characterContract({ test, makeStore }: Contract): void {
  test('create() enters no world by itself (C1)', async () => {
    const store = await makeStore()
    const { session } = await signedIn(store, 1)
    const found = await store.sessions.read(session.key, T0)
    assert.equal(found.kind === 'live' && found.session.character, null)
  })

  test('select() is seen by the next read, rotates nothing and keeps the end (C7)', async () => {
    const store = await makeStore()
    const { session, user } = await signedIn(store, 1)
    const hero = characterOf('7', 'north')
    assert.equal(await store.sessions.select(session.key, hero, note('character-selected', user, at(5))), true)
    const found = await store.sessions.read(session.key, at(6))
    assert.deepEqual(found.kind === 'live' && found.session, { ...session, character: hero, version: 2 })
  })

  test('select() replaces a character, also by the same one in another world (C8)', async () => {
    const store = await makeStore()
    const { session, user } = await signedIn(store, 1, 'a', { character: characterOf('7', 'north') })
    const moved = characterOf('7', 'south')
    await store.sessions.select(session.key, moved, note('character-selected', user))
    const found = await store.sessions.read(session.key, at(1))
    assert.deepEqual(found.kind === 'live' && found.session.character, moved)
    assert.deepEqual(await store.sessions.charactersIn('north', at(1)), [])
    assert.deepEqual(await store.sessions.charactersIn('south', at(1)), [moved])
  })

  test('select() with null clears the selection (C6, 2.3 selected character gone)', async () => {
    const store = await makeStore()
    const { session, user } = await signedIn(store, 1, 'a', { character: characterOf('7', 'north') })
    assert.equal(await store.sessions.select(session.key, null, note('character-selected', user)), true)
    const found = await store.sessions.read(session.key, at(1))
    assert.equal(found.kind === 'live' && found.session.character, null)
    assert.deepEqual(await store.sessions.charactersIn('north', at(1)), [])
  })

  test('select() of what is selected already changes nothing and succeeds', async () => {
    const store = await makeStore()
    const hero = characterOf('7', 'north')
    const { session, user } = await signedIn(store, 1, 'a', { character: hero })
    assert.equal(await store.sessions.select(session.key, hero, note('character-selected', user)), true)
    const found = await store.sessions.read(session.key, at(1))
    assert.equal(found.kind === 'live' && found.session.version, 1)
  })

  test('select() of an unknown, ended or expired session is false', async () => {
    const store = await makeStore()
    const { session, user } = await signedIn(store, 1, 'a', { idleUntil: at(100) })
    const hero = characterOf('7', 'north')
    assert.equal(await store.sessions.select(session.key, hero, note('character-selected', user, at(100))), false)
    assert.equal(await store.sessions.select(keyOf(refOf(9), 'x'), hero, note('character-selected', user)), false)
  })

  test('select() refuses half a pair and leaves the selection as it was (C2, 2.3 character without world)', async () => {
    const store = await makeStore()
    const hero = characterOf('7', 'north')
    const { session, user } = await signedIn(store, 1, 'a', { character: hero })
    const halves: readonly Character[] = [characterOf('7', ''), characterOf('', 'north')]
    for (const half of halves) {
      await assert.rejects(async () => store.sessions.select(session.key, half, note('character-selected', user)))
    }
    const found = await store.sessions.read(session.key, at(1))
    assert.deepEqual(found.kind === 'live' && found.session.character, hero)
  })

  test('create() refuses half a pair and stores nothing (C2)', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    const half = sessionOf(user, 'a', { character: characterOf('7', '') })
    await assert.rejects(async () => store.sessions.create(half, null, note('sign-in', user)))
    assert.deepEqual(await store.sessions.count(T0, 0), { active: 0, total: 0 })
  })

  test('revokeCharacter() ends every session that plays it, in one world or in all, and gives the number (S33)', async () => {
    const store = await makeStore()
    const north = await signedIn(store, 1, 'a', { character: characterOf('7', 'north') })
    const south = await signedIn(store, 2, 'a', { character: characterOf('7', 'south') })
    const other = await signedIn(store, 3, 'a', { character: characterOf('8', 'north') })
    const none = await signedIn(store, 4)
    const audit = note('session-revoked', null, at(5))
    assert.equal(await store.sessions.revokeCharacter('7', 'north', at(5), audit), 1)
    assert.deepEqual(await store.sessions.read(north.session.key, at(6)), {
      kind: 'ended',
      reason: 'kicked',
      at: at(5),
    })
    assert.equal((await store.sessions.read(south.session.key, at(6))).kind, 'live')
    assert.equal(await store.sessions.revokeCharacter('7', null, at(7), audit), 1)
    assert.equal(await store.sessions.revokeCharacter('7', null, at(8), audit), 0)
    assert.equal((await store.sessions.read(other.session.key, at(8))).kind, 'live')
    assert.equal((await store.sessions.read(none.session.key, at(8))).kind, 'live')
  })

  test('releaseCharacter() leaves the sessions, which remember that theirs is gone (2.3 selected character gone)', async () => {
    const store = await makeStore()
    const hero = characterOf('7', 'north')
    const [one, two] = [
      await signedIn(store, 1, 'a', { character: hero }),
      await signedIn(store, 2, 'a', { character: hero }),
    ]
    const south = await signedIn(store, 3, 'a', { character: characterOf('7', 'south') })
    const other = await signedIn(store, 4, 'a', { character: characterOf('8', 'north') })
    const audit = note('character-selected', null, at(5))
    assert.equal(await store.sessions.releaseCharacter('7', 'north', at(5), audit), 2)
    for (const { session } of [one, two]) {
      const found = await store.sessions.read(session.key, at(6))
      const expected = { ...session, character: null, characterGone: true, version: 2 }
      assert.deepEqual(found.kind === 'live' && found.session, expected)
    }
    for (const { session } of [south, other]) {
      const found = await store.sessions.read(session.key, at(6))
      assert.deepEqual(found.kind === 'live' && found.session, session)
    }
    assert.deepEqual(await store.sessions.charactersIn('north', at(6)), [characterOf('8', 'north')])
    assert.deepEqual(await store.sessions.presence(one.user, at(6)), { online: true, worlds: [] })
    assert.equal((await store.sessions.listAll({ world: 'north' }, { after: null, limit: 9 }, at(6))).items.length, 1)
    assert.equal((await store.sessions.list(one.user, at(6)))[0]?.characterGone, true)
    assert.equal((await store.sessions.count(at(6), 0)).total, 4)
    assert.equal(await store.sessions.releaseCharacter('7', 'north', at(7), audit), 0)
    assert.equal(await store.sessions.releaseCharacter('7', null, at(8), audit), 1)
  })

  test('releaseCharacter() is recorded once where it took something, and not at all where it did not', async () => {
    const store = await makeStore()
    await signedIn(store, 1, 'a', { character: characterOf('7', 'north') })
    const audit = note('character-selected', null, at(5))
    await store.sessions.releaseCharacter('9', null, at(5), audit)
    const filter = { from: null, to: null, subject: null, event: 'character-selected' } as const
    assert.equal((await store.audit.read(filter, { after: null, limit: 9 })).items.length, 0)
    await store.sessions.releaseCharacter('7', null, at(5), audit)
    assert.equal((await store.audit.read(filter, { after: null, limit: 9 })).items.length, 1)
  })

  test('select() of another character, or of none, ends the memory of one that is gone (2.3)', async () => {
    const store = await makeStore()
    const { session, user } = await signedIn(store, 1, 'a', { character: characterOf('7', 'north') })
    const audit = note('character-selected', user, at(1))
    for (const next of [characterOf('8', 'north'), null]) {
      await store.sessions.select(session.key, characterOf('7', 'north'), audit)
      await store.sessions.releaseCharacter('7', null, at(1), audit)
      assert.equal(await store.sessions.select(session.key, next, audit), true)
      const found = await store.sessions.read(session.key, at(2))
      assert.equal(found.kind, 'live')
      assert.deepEqual(found.kind === 'live' && found.session.character, next)
      assert.equal(found.kind === 'live' && found.session.characterGone, undefined)
    }
  })

  test('rotate() keeps the memory of a character that is gone (2.3)', async () => {
    const store = await makeStore()
    const { session, user } = await signedIn(store, 1, 'a', { character: characterOf('7', 'north') })
    await store.sessions.releaseCharacter('7', null, at(1), note('character-selected', null, at(1)))
    const fresh = { ...session, key: keyOf(user, 'fresh') }
    assert.equal(
      await store.sessions.rotate(session.key, fresh, at(31), note('session-rotated', user, at(2))),
      'rotated',
    )
    const found = await store.sessions.read(fresh.key, at(3))
    assert.equal(found.kind === 'live' && found.session.character, null)
    assert.equal(found.kind === 'live' && found.session.characterGone, true)
  })

  test('select() and read() keep odd ids, names and worlds unchanged', async () => {
    const store = await makeStore()
    const odd = { id: '0042', name: 'Ålf "the\u0000 \u202eweird" 🐉', world: "north'; --|\n{}:*" }
    const { session, user } = await signedIn(store, 1)
    await store.sessions.select(session.key, odd, note('character-selected', user))
    const found = await store.sessions.read(session.key, at(1))
    assert.deepEqual(found.kind === 'live' && found.session.character, odd)
    assert.deepEqual(await store.sessions.charactersIn(odd.world, at(1)), [odd])
    assert.deepEqual((await store.sessions.presence(user, at(1))).worlds, [odd.world])
    assert.equal(await store.sessions.revokeCharacter('42', null, at(1), note('session-revoked', null)), 0)
    assert.equal(await store.sessions.revokeCharacter('0042', odd.world, at(1), note('session-revoked', null)), 1)
  })
}
