import assert from 'node:assert/strict'
import type { Seconds, Sid } from '../../src/core/brand.ts'
import type { Follower } from '../../src/ports/login-store.ts'
import type { Contract } from './contract.ts'
import { at, refOf, T0 } from './people.ts'

function follower(n: number, endsAt: Seconds = at(600)): Follower {
  const { id, tag } = refOf(n)
  return { user: id, tag, sid: `sid-${n}` as Sid, endsAt }
}

/** Which of our sessions began in a session of a provider (Back-Channel Logout 1.0 section 2.7 finds them by its `sid`). */
export function followerContract({ test, makeStore }: Contract): void {
  test('follow() by many at once loses none of them', async () => {
    const store = await makeStore()
    const all = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((n) => follower(n))
    const gone = await Promise.all(all.map((one) => store.logins.follow('k', one, 12, T0)))
    assert.deepEqual(gone.flat(), [])
    const kept = await store.logins.followers('k', at(1))
    assert.deepEqual(new Set(kept), new Set(all))
    assert.equal(kept.length, 12)
  })

  test('follow() by more at once than there is room for says of each that has to go that it went', async () => {
    const store = await makeStore()
    const all = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => follower(n))
    const gone = (await Promise.all(all.map((one) => store.logins.follow('k', one, 4, T0)))).flat()
    const kept = await store.logins.followers('k', T0)
    assert.deepEqual([kept.length, gone.length], [4, 5])
    assert.deepEqual(new Set([...kept, ...gone]), new Set(all))
  })

  test('follow() lets the one that came first go, and says which', async () => {
    const store = await makeStore()
    assert.deepEqual(await store.logins.follow('k', follower(1), 2, T0), [])
    assert.deepEqual(await store.logins.follow('k', follower(2), 2, T0), [])
    assert.deepEqual(await store.logins.follow('k', follower(3), 2, T0), [follower(1)])
    assert.deepEqual(await store.logins.followers('k', T0), [follower(3), follower(2)])
  })

  test('follow() of one that follows already moves it to the front, with its new end', async () => {
    const store = await makeStore()
    await store.logins.follow('k', follower(1), 2, T0)
    await store.logins.follow('k', follower(2), 2, T0)
    assert.deepEqual(await store.logins.follow('k', follower(1, at(900)), 2, T0), [])
    assert.deepEqual(await store.logins.followers('k', T0), [follower(1, at(900)), follower(2)])
    assert.deepEqual(await store.logins.follow('k', follower(3), 2, T0), [follower(2)])
  })

  test('follow() of one that follows already never brings its end nearer: what it let in may live as long', async () => {
    const store = await makeStore()
    await store.logins.follow('k', follower(1, at(900)), 2, T0)
    await store.logins.follow('other', follower(1, at(950)), 2, T0)
    await store.logins.follow('k', follower(2), 2, T0)
    assert.deepEqual(await store.logins.follow('k', follower(1, at(60)), 2, at(5)), [])
    assert.deepEqual(await store.logins.followers('k', at(5)), [follower(1, at(900)), follower(2)])
    assert.deepEqual(await store.logins.followers('k', at(899)), [follower(1, at(900))])
    await store.logins.follow('k', follower(1, at(960)), 2, at(900))
    assert.deepEqual(await store.logins.followers('k', at(900)), [follower(1, at(960))])
  })

  test('followers() leaves out who is over from their last second on, and they take no room', async () => {
    const store = await makeStore()
    await store.logins.follow('k', follower(1, at(900)), 2, T0)
    await store.logins.follow('k', follower(2, at(60)), 2, T0)
    assert.deepEqual(await store.logins.followers('k', at(59)), [follower(2, at(60)), follower(1, at(900))])
    assert.deepEqual(await store.logins.followers('k', at(60)), [follower(1, at(900))])
    assert.deepEqual(await store.logins.follow('k', follower(3), 2, at(60)), [])
    assert.deepEqual(await store.logins.followers('k', at(600)), [follower(1, at(900))])
  })

  test('followers() keeps the sessions of a provider apart', async () => {
    const store = await makeStore()
    await store.logins.follow('k', follower(1), 2, T0)
    await store.logins.follow('l', follower(2), 2, T0)
    assert.deepEqual(await store.logins.followers('k', T0), [follower(1)])
    assert.deepEqual(await store.logins.followers('l', T0), [follower(2)])
    assert.deepEqual(await store.logins.followers('nothing', T0), [])
  })
}
