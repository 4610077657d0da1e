import assert from 'node:assert/strict'
import type { Store } from '../../src/ports/store.ts'
import type { Contract } from './contract.ts'
import { at, characterOf, note, refOf, sessionOf, signedIn, signUp, T0 } from './people.ts'

async function everySid(store: Store, world: string | null, limit: number): Promise<readonly string[]> {
  const sids: string[] = []
  let after: string | null = null
  do {
    const page: Awaited<ReturnType<Store['sessions']['listAll']>> = await store.sessions.listAll(
      { world },
      { after, limit },
      at(50),
    )
    assert.ok(page.items.length <= limit)
    sids.push(...page.items.map(({ session }) => session.sid))
    after = page.next
  } while (after !== null)
  return sids
}

/** Lists, counts and presence. */
export function sessionListContract({ test, makeStore }: Contract): void {
  test('list() gives the running sessions of one user, oldest first (S38)', async () => {
    const store = await makeStore()
    const { user, session } = await signedIn(store, 1, 'a', { createdAt: at(2) })
    const older = sessionOf(user, 'b', { createdAt: at(1) })
    const over = sessionOf(user, 'c', { createdAt: at(0), idleUntil: at(10) })
    await store.sessions.create(older, null, note('sign-in', user))
    await store.sessions.create(over, null, note('sign-in', user))
    await signedIn(store, 2)
    assert.deepEqual(await store.sessions.list(user, at(10)), [older, session])
    assert.deepEqual(await store.sessions.list(refOf(9), at(10)), [])
  })

  test('listAll() names the user of each session and never a secret (S35, S38)', async () => {
    const store = await makeStore()
    const { session } = await signedIn(store, 1, 'a', { character: characterOf('7', 'north') })
    const page = await store.sessions.listAll({ world: null }, { after: null, limit: 10 }, at(1))
    assert.deepEqual(page, { items: [{ session, userName: 'Player 1' }], next: null })
  })

  test('listAll() pages through everything once, oldest first', async () => {
    const store = await makeStore()
    const all = await Promise.all(
      Array.from({ length: 23 }, (_, n) => signedIn(store, n, 'a', { createdAt: at(Math.floor(n / 3)) })),
    )
    const sorted = all
      .map(({ session }) => session)
      .sort((a, b) => a.createdAt - b.createdAt || (a.sid < b.sid ? -1 : 1))
      .map(({ sid }) => sid)
    assert.deepEqual([...(await everySid(store, null, 5))].sort(), [...sorted].sort())
    assert.deepEqual((await everySid(store, null, 100)).length, 23)
    const first = await store.sessions.listAll({ world: null }, { after: null, limit: 3 }, at(50))
    assert.ok(first.items.every(({ session }) => session.createdAt === at(0)))
  })

  test('listAll() pages on although sessions end between two pages', async () => {
    const store = await makeStore()
    const all = await Promise.all(Array.from({ length: 6 }, (_, n) => signedIn(store, n, 'a', { createdAt: at(n) })))
    const first = await store.sessions.listAll({ world: null }, { after: null, limit: 3 }, at(50))
    for (const { user } of all.slice(0, 3)) {
      await store.sessions.revokeUser(user, 'kicked', at(50), note('session-revoked', user, at(50)))
    }
    const second = await store.sessions.listAll({ world: null }, { after: first.next, limit: 10 }, at(51))
    assert.deepEqual(
      second.items.map(({ session }) => session.sid),
      all.slice(3).map(({ session }) => session.sid),
    )
  })

  test('listAll() filters by world (S39)', async () => {
    const store = await makeStore()
    const north = await signedIn(store, 1, 'a', { character: characterOf('1', 'north') })
    await signedIn(store, 2, 'a', { character: characterOf('2', 'south') })
    await signedIn(store, 3)
    assert.deepEqual(await everySid(store, 'north', 1), [north.session.sid])
    assert.deepEqual(await everySid(store, 'nowhere', 1), [])
  })

  test('listAll() leaves out what is over (S15)', async () => {
    const store = await makeStore()
    await signedIn(store, 1, 'a', { idleUntil: at(50) })
    const { session } = await signedIn(store, 2, 'a', { idleUntil: at(51) })
    assert.deepEqual(await everySid(store, null, 5), [session.sid])
  })

  test('count() counts who was seen within the window, edge inclusive, and everybody (S36)', async () => {
    const store = await makeStore()
    await signedIn(store, 1, 'a', { lastSeenAt: at(99), idleUntil: at(9_999) })
    await signedIn(store, 2, 'a', { lastSeenAt: at(100), idleUntil: at(9_999) })
    await signedIn(store, 3, 'a', { lastSeenAt: at(101), idleUntil: at(9_999) })
    assert.deepEqual(await store.sessions.count(at(1_900), 1_800), { active: 2, total: 3 })
    assert.deepEqual(await store.sessions.count(at(1_901), 1_800), { active: 1, total: 3 })
  })

  test('count() with a window of 0 counts every unexpired session as active (S4)', async () => {
    const store = await makeStore()
    await signedIn(store, 1)
    await signedIn(store, 2, 'a', { idleUntil: at(100) })
    assert.deepEqual(await store.sessions.count(at(99), 0), { active: 2, total: 2 })
    assert.deepEqual(await store.sessions.count(at(100), 0), { active: 1, total: 1 })
  })

  test('count() follows every change of a session (S36)', async () => {
    const store = await makeStore()
    const { user, session } = await signedIn(store, 1)
    const second = sessionOf(user, 'b')
    await store.sessions.create(second, null, note('sign-in', user))
    await store.sessions.extend(session.key, 1, at(500), at(9_000))
    assert.deepEqual(await store.sessions.count(at(600), 100), { active: 1, total: 2 })
    await store.sessions.revoke(session.key, 'signed-out', at(600), note('sign-out', user, at(600)))
    assert.deepEqual(await store.sessions.count(at(600), 100), { active: 0, total: 1 })
    await store.directory.remove(user, [], at(600), note('user-removed', user, at(600)))
    assert.deepEqual(await store.sessions.count(at(600), 0), { active: 0, total: 0 })
  })

  test('presence() says online by expiry alone, and the distinct sorted worlds (S40)', async () => {
    const store = await makeStore()
    const { user } = await signedIn(store, 1, 'a', { character: characterOf('1', 'south') })
    await store.sessions.create(
      sessionOf(user, 'b', { character: characterOf('2', 'north') }),
      null,
      note('sign-in', user),
    )
    await store.sessions.create(
      sessionOf(user, 'c', { character: characterOf('3', 'south') }),
      null,
      note('sign-in', user),
    )
    await store.sessions.create(sessionOf(user, 'd'), null, note('sign-in', user))
    assert.deepEqual(await store.sessions.presence(user, at(28_799)), { online: true, worlds: ['north', 'south'] })
    assert.deepEqual(await store.sessions.presence(user, at(28_800)), { online: false, worlds: [] })
  })

  test('presence() of a user without a character is online in no world (S40)', async () => {
    const store = await makeStore()
    const { user } = await signedIn(store, 1)
    assert.deepEqual(await store.sessions.presence(user, T0), { online: true, worlds: [] })
    assert.deepEqual(await store.sessions.presence(await signUp(store, 2), T0), { online: false, worlds: [] })
    assert.deepEqual(await store.sessions.presence(refOf(9), T0), { online: false, worlds: [] })
  })

  test('charactersIn() gives the distinct characters of a world by id (S39)', async () => {
    const store = await makeStore()
    const { user } = await signedIn(store, 1, 'a', { character: characterOf('2', 'north') })
    await store.sessions.create(
      sessionOf(user, 'b', { character: characterOf('2', 'north') }),
      null,
      note('sign-in', user),
    )
    await signedIn(store, 2, 'a', { character: characterOf('1', 'north') })
    await signedIn(store, 3, 'a', { character: characterOf('3', 'south') })
    await signedIn(store, 4, 'a', { character: characterOf('4', 'north'), idleUntil: at(10) })
    assert.deepEqual(await store.sessions.charactersIn('north', at(10)), [
      characterOf('1', 'north'),
      characterOf('2', 'north'),
    ])
    assert.deepEqual(await store.sessions.charactersIn('nowhere', at(10)), [])
  })
}
