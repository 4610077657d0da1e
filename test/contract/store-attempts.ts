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

  test('begin() takes the place of an attempt with the same key, and of what was posted for it', async () => {
    const store = await makeStore()
    await store.logins.begin(login('k', { posted: { code: 'first', extra: 'a' } }))
    await store.logins.begin(login('k', { returnTo: '/second' }))
    assert.deepEqual(await store.logins.peek('k', at(1)), login('k', { returnTo: '/second' }))
    const posted = { code: 'third', extra: '\u0000ß' }
    await store.logins.begin(login('k', { posted }))
    assert.deepEqual((await store.logins.take('k', at(1)))?.posted, posted)
  })

  test('begin() by many at once fails for none of them', async () => {
    const store = await makeStore()
    const begun = Array.from({ length: 8 }, (_, n) => login('k', { posted: { code: 'c', extra: `${n}` } }))
    await Promise.all(begun.map((one) => store.logins.begin(one)))
    const kept = await store.logins.take('k', at(1))
    assert.ok(begun.some(({ posted }) => posted?.extra === kept?.posted?.extra))
  })

  test('claim() by many at once is won by exactly one, whose record is kept (Back-Channel Logout 1.0, 2.6 rule 8)', async () => {
    const store = await makeStore()
    const records = Array.from({ length: 8 }, (_, n) => login('k', { posted: { code: 'c', extra: `${n}` } }))
    const won = await Promise.all(records.map((one) => store.logins.claim(one, T0)))
    assert.equal(won.filter(Boolean).length, 1)
    assert.deepEqual(await store.logins.peek('k', at(1)), records[won.indexOf(true)])
  })

  test('claim() is free again at the end of the record, and not a second before', async () => {
    const store = await makeStore()
    assert.equal(await store.logins.claim(login('k', { expiresAt: at(30) }), T0), true)
    const next = login('k', { createdAt: at(30), expiresAt: at(60), returnTo: '/next' })
    assert.equal(await store.logins.claim(next, at(29)), false)
    assert.equal(await store.logins.claim(next, at(30)), true)
    assert.deepEqual(await store.logins.peek('k', at(31)), next)
  })

  test('claim() is free again when the record was taken, and not while an attempt has the key', async () => {
    const store = await makeStore()
    await store.logins.begin(login('k'))
    assert.equal(await store.logins.claim(login('k'), T0), false)
    await store.logins.take('k', T0)
    assert.equal(await store.logins.claim(login('k'), T0), true)
    assert.equal(await store.logins.claim(login('l'), T0), true)
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

  test('hit() locks nobody out for longer than the window when the clock was put back, and forgets no hit', async () => {
    const store = await makeStore()
    const hit = (when: number) => store.rates.hit('login:192.0.2.1', 2, seconds(60), at(when))
    assert.equal((await hit(86_400)).allowed, true)
    assert.deepEqual(await hit(0), { allowed: true, retryAfter: 0 })
    assert.deepEqual(await hit(1), { allowed: false, retryAfter: 59 })
    assert.deepEqual(await hit(60), { allowed: true, retryAfter: 0 })
    assert.equal((await hit(86_400)).allowed, true)
    assert.equal((await hit(86_401)).allowed, true)
    assert.deepEqual(await hit(100), { allowed: false, retryAfter: 60 })
    assert.deepEqual(await hit(130), { allowed: false, retryAfter: 30 })
    assert.deepEqual(await hit(160), { allowed: true, retryAfter: 0 })
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
