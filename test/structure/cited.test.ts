import { describe, expect, test } from 'vitest'
import { titlesOf, uncited, unshown } from './support/titles.ts'
import { ROOT, readTree } from './support/tree.ts'

/** Rows about sign-in (P), linking (L), guests and sign-up (G): each is a promise that a test shows. */
const ROWS: readonly string[] = [
  ...Array.from({ length: 8 }, (_, i) => `P${i + 1}`),
  ...Array.from({ length: 6 }, (_, i) => `L${i + 1}`),
  ...Array.from({ length: 9 }, (_, i) => `G${i + 1}`),
]

const SOURCE = /RFC \d+|CVE-\d{4}-\d+|GHSA-|OpenID Connect|Back-Channel|security\.md|arXiv|DECISIONS|CWE-\d+|OWASP/

/** Attacks on a sign-in: what the title of its test says, and where the attack comes from. */
const ATTACKS: Readonly<Record<string, readonly [RegExp, RegExp]>> = {
  'state missing': [/without a? ?state/, SOURCE],
  'state swapped': [/with the state of another attempt/, SOURCE],
  'state replayed': [/taken once stays taken/, SOURCE],
  'code replayed': [/raced by twenty spends the code once/, SOURCE],
  'PKCE downgrade': [/downgrade/, SOURCE],
  'nonce mismatch': [/nonce of another sign-in|does not fit the nonce/, SOURCE],
  'mix-up by iss': [/issuer of another provider|iss parameter of another provider/, SOURCE],
  'mix-up by callback': [/callback of another provider/, SOURCE],
  'ID token: audience': [/ID token for another client/, SOURCE],
  'ID token: issuer': [/ID token of another issuer/, SOURCE],
  'ID token: expired': [/expired ID token/, SOURCE],
  'ID token: alg none': [/alg none/, SOURCE],
  'ID token: HS256 with the public key': [/HS256 with the public key/, SOURCE],
  'ID token: unknown kid': [/unknown kid/, SOURCE],
  'ID token: injected jwk': [/jwk in the header/, SOURCE],
  'open redirect': [/return_to .* goes nowhere else/, SOURCE],
  'login CSRF': [/login CSRF/, SOURCE],
  'session fixation': [/fixation/, SOURCE],
  'cookie tossing': [/cookie tossing/, SOURCE],
  'pre-hijacked account': [/pre-hijacking/, SOURCE],
  'forged back-channel logout': [/forged signature/, SOURCE],
  'link CSRF': [/link CSRF/, SOURCE],
  'silent re-use of a provider session': [/cut out/, SOURCE],
}

const titles = titlesOf(readTree(ROOT, ['test']))

describe('what tests cite', () => {
  test('every row about sign-in, linking and guests is cited by a title', () => {
    expect(titles.length).toBeGreaterThan(1500)
    expect(uncited(titles, ROWS)).toEqual([])
  })

  test('every attack on a sign-in has a named test that cites its source', () => {
    expect(unshown(ATTACKS, titles)).toEqual([])
  })
})

describe('the search for titles', () => {
  const planted = new Map([
    ['test/a.test.ts', "test('one (seeds P1)', () => {})\ntest.each([\n  [1],\n])(\n  'two, P3',\n  () => {},\n)"],
    ['test/b.test.ts', "describe(\"three's (L2)\", () => {})\n// G9 in a comment\nconst x = 'P7'"],
    ['src/a.ts', "test('four (G1)', () => {})"],
  ])

  test('finds titles of tests, tables and groups, and nothing else', () => {
    expect(titlesOf(planted)).toEqual(['one (seeds P1)', 'two, P3', "three's (L2)"])
  })

  test('misses what is not cited as a word of its own', () => {
    const found = [...titlesOf(planted), 'P-256 and P10, G22']
    expect(uncited(found, ['P1', 'P2', 'P3', 'P7', 'L2', 'G1', 'G9', 'G2'])).toEqual(['P2', 'P7', 'G1', 'G9', 'G2'])
  })

  test('misses an attack without its source', () => {
    const wanted = { tossing: [/tossing/, SOURCE], csrf: [/CSRF/, SOURCE] } as const
    expect(unshown(wanted, ['cookie tossing', 'login CSRF (RFC 9700 section 4.7)'])).toEqual(['tossing'])
  })
})
