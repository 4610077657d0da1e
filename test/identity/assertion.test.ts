import { expect, test } from 'vitest'
import { seconds } from '../../src/core/brand.ts'
import type { Subject } from '../../src/core/person.ts'
import { type Assertion, AssertionCache, assertionFor, credentialOf, marksOf } from '../../src/identity/assertion.ts'
import { ISSUER, receiver, signedIn, statement, T, user } from './people.ts'

/** Signs by counting: each signature is another text. */
class CountingSigner {
  signed = 0
  kid = 'k1'
  sign = async (): Promise<string> => {
    this.signed += 1
    return `h.p.${this.signed}`
  }
  currentKid = async (): Promise<string> => this.kid
}

function make(most = 100) {
  const signer = new CountingSigner()
  const maker = { signer, cache: new AssertionCache(most), issuer: ISSUER }
  async function ask(over: { at?: number; subject?: Subject | null; policy?: string; upstream?: string } = {}) {
    const about = over.subject === null ? null : statement({ subject: over.subject ?? signedIn() })
    const to = receiver({ name: over.upstream ?? 'rooms' })
    return assertionFor(about, to, over.policy ?? 'p1', maker, seconds(T + (over.at ?? 0)))
  }
  return { signer, maker, ask }
}

test('assertionFor() signs once until half its life', async () => {
  const { ask, signer } = make()
  const first = await ask()
  expect(await ask({ at: 26 })).toBe(first)
  expect(signer.signed).toBe(1)
  await ask({ at: 27 })
  expect(signer.signed).toBe(2)
})

test('assertionFor() signs again when the clock was put back: no service takes what is said to be of the future', async () => {
  const { ask, signer } = make()
  await ask({ at: 3600 })
  const { claims } = await ask({ at: 0 })
  expect(signer.signed).toBe(2)
  expect(claims.iat).toBeLessThanOrEqual(T)
  expect(claims.exp).toBeLessThanOrEqual(T + 60)
})

test('assertionFor() always leaves at least half of what was left', async () => {
  const { ask } = make()
  const { claims, reuseUntil } = await ask()
  expect(claims.exp - reuseUntil).toBeGreaterThanOrEqual(27)
})

test('assertionFor() signs again when the session changed', async () => {
  const { ask, signer } = make()
  await ask()
  await ask({ subject: signedIn({}, { version: 2 }) })
  expect(signer.signed).toBe(2)
})

test('assertionFor() signs again when the user changed', async () => {
  const { ask, signer } = make()
  await ask()
  await ask({ subject: signedIn({ epoch: 4 }) })
  expect(signer.signed).toBe(2)
})

test('assertionFor() signs again under another policy', async () => {
  const { ask, signer } = make()
  await ask()
  await ask({ policy: 'p2' })
  expect(signer.signed).toBe(2)
})

test('assertionFor() signs again with another key', async () => {
  const { ask, signer } = make()
  await ask()
  signer.kid = 'k2'
  await ask()
  expect(signer.signed).toBe(2)
})

test('assertionFor() signs for each upstream', async () => {
  const { ask, signer } = make()
  await ask()
  await ask({ upstream: 'chat' })
  await ask()
  expect(signer.signed).toBe(2)
})

test('assertionFor() shares one anonymous assertion among everybody who is not signed in', async () => {
  const { ask, signer } = make()
  const got = await ask({ subject: null })
  expect(await ask({ subject: null })).toBe(got)
  expect(got.claims).toMatchObject({ aud: 'rooms#anonymous', anonymous: true })
  expect(signer.signed).toBe(1)
})

test('AssertionCache keeps a session, a token, a fixed token and nobody apart, of one id too, and upstreams', () => {
  const cache = new AssertionCache(10)
  const signed = signedIn()
  const token = { id: credentialOf(signed).id, name: 'x', scopes: null, fixed: false }
  const callers = [signed, { kind: 'token', user: user(), token }, { kind: 'fixed-token', token }, null] as const
  const kept = ['rooms', 'shop'].flatMap((upstream) =>
    callers.map((subject) => {
      const assertion = { ...ONE }
      cache.keep(upstream, credentialOf(subject), MARKS, assertion)
      return { upstream, subject, assertion }
    }),
  )
  for (const { upstream, subject, assertion } of kept)
    expect(cache.find(upstream, credentialOf(subject), MARKS, T)).toBe(assertion)
})

const ONE: Assertion = {
  claims: { iss: ISSUER, aud: 'rooms#anonymous', iat: T, exp: seconds(T + 55), anonymous: true },
  jws: 'h.p.s',
  headers: [],
  reuseUntil: seconds(T + 27),
}
const MARKS = marksOf(null, 'p1', 'k1')
const session = (id: string) => ({ kind: 'session', id }) as const

test('AssertionCache is bounded', () => {
  const cache = new AssertionCache(10)
  for (let i = 0; i < 1000; i++) cache.keep('rooms', session(`${i}`), MARKS, ONE)
  expect(cache.size).toBe(10)
})

test('AssertionCache keeps what was met and drops what was not', () => {
  const cache = new AssertionCache(3)
  for (const key of ['a', 'b', 'c']) cache.keep('rooms', session(key), MARKS, ONE)
  cache.find('rooms', session('a'), MARKS, T)
  cache.keep('rooms', session('d'), MARKS, ONE)
  expect(cache.find('rooms', session('a'), MARKS, T)).toBe(ONE)
  expect(cache.find('rooms', session('b'), MARKS, T)).toBe(null)
})

test('AssertionCache takes a new entry when everything was met', () => {
  const cache = new AssertionCache(2)
  for (const key of ['a', 'b']) cache.keep('rooms', session(key), MARKS, ONE)
  for (const key of ['a', 'b']) cache.find('rooms', session(key), MARKS, T)
  cache.keep('rooms', session('c'), MARKS, ONE)
  expect(cache.find('rooms', session('c'), MARKS, T)).toBe(ONE)
  expect(cache.size).toBe(2)
})

test('AssertionCache replaces in place', () => {
  const cache = new AssertionCache(2)
  for (let i = 0; i < 50; i++) cache.keep('rooms', session('a'), { ...MARKS, version: i }, ONE)
  cache.keep('rooms', session('b'), MARKS, ONE)
  expect(cache.find('rooms', session('a'), { ...MARKS, version: 49 }, T)).toBe(ONE)
  expect(cache.size).toBe(2)
})

test('AssertionCache stays fast on a hot key in a full cache', () => {
  // perf.md section 2: delete + set on one hot key costs 20-26 us in a Map of 10,000; a mark costs less than 1 us.
  const cache = new AssertionCache(10_000)
  for (let i = 0; i < 20_000; i++) cache.keep('rooms', session(`${i}`), MARKS, ONE)
  const hot = session('19999')
  const began = performance.now()
  for (let i = 0; i < 200_000; i++) cache.find('rooms', hot, MARKS, T)
  expect((performance.now() - began) / 200).toBeLessThan(5)
})
