import assert from 'node:assert/strict'
import { seconds } from '../../src/core/brand.ts'
import type { LoginTransaction } from '../../src/ports/login-store.ts'
import type { Contract } from './contract.ts'
import { at, keyOf, refOf, T0 } from './people.ts'

function login(key: string, changes: Partial<LoginTransaction> = {}): LoginTransaction {
  return {
    key,
    provider: 'example',
    purpose: 'sign-in',
    codeVerifier: 'verifier',
    nonce: 'nonce',
    returnTo: '/lobby?tab=1',
    sid: null,
    browser: 'browser-hash',
    remember: false,
    createdAt: T0,
    expiresAt: at(600),
    posted: null,
    ...changes,
  }
}

/** Sign-in attempts, tickets: what is taken once. Rates: what is counted. */
export function attemptContract({ test, makeStore }: Contract): void {
  test('take() gives a sign-in attempt as it was begun (P2)', async () => {
    const store = await makeStore()
    const begun = login('k', { sid: 'sid-1', purpose: 'link', remember: true, returnTo: '/ä?b=\u0000"' })
    await store.logins.begin(begun)
    assert.deepEqual(await store.logins.take('k', at(1)), begun)
  })

  test('take() gives a sign-in attempt to exactly one of two callers (S26)', async () => {
    const store = await makeStore()
    await store.logins.begin(login('k'))
    const got = await Promise.all(Array.from({ length: 5 }, () => store.logins.take('k', at(1))))
    assert.equal(got.filter((one) => one !== null).length, 1)
    assert.equal(await store.logins.take('k', at(2)), null)
  })

  test('take() of an unknown attempt is null, and of one at its end', async () => {
    const store = await makeStore()
    assert.equal(await store.logins.take('nothing', T0), null)
    await store.logins.begin(login('k'))
    await store.logins.begin(login('l'))
    assert.equal(await store.logins.take('k', at(600)), null)
    assert.notEqual(await store.logins.take('l', at(599)), null)
  })

  test('peek() looks without taking, until the end', async () => {
    const store = await makeStore()
    const begun = login('k')
    await store.logins.begin(begun)
    assert.deepEqual(await store.logins.peek('k', at(599)), begun)
    assert.deepEqual(await store.logins.peek('k', at(599)), begun)
    assert.equal(await store.logins.peek('k', at(600)), null)
    assert.equal(await store.logins.peek('nothing', T0), null)
  })

  test('attach() keeps the first form post and refuses a second (DECISIONS 14)', async () => {
    const store = await makeStore()
    await store.logins.begin(login('k'))
    const posted = { code: 'c0de', extra: '{"name":"Zoë"}' }
    assert.equal(await store.logins.attach('k', posted, at(5)), true)
    assert.equal(await store.logins.attach('k', { code: 'other', extra: null }, at(6)), false)
    assert.deepEqual((await store.logins.take('k', at(7)))?.posted, posted)
  })

  test('attach() to an unknown, taken or expired attempt is false', async () => {
    const store = await makeStore()
    const posted = { code: 'c', extra: null }
    assert.equal(await store.logins.attach('nothing', posted, T0), false)
    await store.logins.begin(login('k'))
    assert.equal(await store.logins.attach('k', posted, at(600)), false)
    await store.logins.begin(login('l'))
    await store.logins.take('l', at(1))
    assert.equal(await store.logins.attach('l', posted, at(2)), false)
  })

  test('take() gives a ticket once, to one of many, until its end (T7)', async () => {
    const store = await makeStore()
    const ticket = { hash: 'h', sessionKey: keyOf(refOf(1), 'a'), path: '/rooms/ä?x', expiresAt: at(30) }
    await store.tickets.issue(ticket)
    const got = await Promise.all(Array.from({ length: 4 }, () => store.tickets.take('h', at(29))))
    assert.deepEqual(
      got.filter((one) => one !== null),
      [ticket],
    )
    await store.tickets.issue({ ...ticket, hash: 'i' })
    assert.equal(await store.tickets.take('i', at(30)), null)
    assert.equal(await store.tickets.take('nothing', T0), null)
  })

  test('hit() lets as many through as the limit says, from the first hit to the end of the window', async () => {
    const store = await makeStore()
    const hit = (when: number) => store.rates.hit('login:192.0.2.1', 2, seconds(60), at(when))
    assert.deepEqual(await hit(0), { allowed: true, retryAfter: 0 })
    assert.deepEqual(await hit(10), { allowed: true, retryAfter: 0 })
    assert.deepEqual(await hit(20), { allowed: false, retryAfter: 40 })
    assert.deepEqual(await hit(59), { allowed: false, retryAfter: 1 })
    assert.deepEqual(await hit(60), { allowed: true, retryAfter: 0 })
  })

  test('hit() keeps buckets apart', async () => {
    const store = await makeStore()
    await store.rates.hit('a', 1, seconds(60), T0)
    assert.equal((await store.rates.hit('b', 1, seconds(60), T0)).allowed, true)
    assert.equal((await store.rates.hit('a', 1, seconds(60), T0)).allowed, false)
  })

  test('hit() by many at once lets exactly the limit through', async () => {
    const store = await makeStore()
    const got = await Promise.all(Array.from({ length: 12 }, () => store.rates.hit('a', 5, seconds(60), T0)))
    assert.equal(got.filter(({ allowed }) => allowed).length, 5)
  })
}
