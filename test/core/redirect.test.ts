import { describe, expect, test } from 'vitest'
import { type ReturnRules, safeReturnTo } from '../../src/core/redirect.ts'
import { corpus, noise, noiseText, unquoted } from '../support/corpus.ts'

const RULES: ReturnRules = {
  origin: 'https://play.example.com',
  prefix: '/auth',
  origins: ['https://forum.example.com', 'http://localhost:3000'],
}
const ALLOWED: readonly string[] = [RULES.origin, ...RULES.origins]

const rows = corpus('redirects.txt').map(([outcome, wish, to]) => ({
  wish: unquoted(wish),
  to: outcome === 'yes' ? unquoted(to ?? wish) : null,
}))

describe('redirects corpus', () => {
  test.each(rows)('safeReturnTo() answers $to to $wish', ({ wish, to }) => {
    expect(safeReturnTo(wish, RULES)).toBe(to)
  })

  test('it holds at least 120 wishes', () => {
    expect(rows.length).toBeGreaterThanOrEqual(120)
  })
})

// Servers decode everything but the slash before they choose a route.
function decodedButSlashes(path: string): string {
  return path.replace(/%([013-9A-Fa-f][0-9A-Fa-f]|2[0-9A-Ea-e])/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  )
}

/** What must hold of every place one may return to, wherever a browser reads it. */
function lawsBroken(wish: string): readonly string[] {
  const to = safeReturnTo(wish, RULES)
  if (to === null) return []
  const url = new URL(to, `${RULES.origin}/deep/page?x`)
  const laws: readonly (readonly [string, boolean])[] = [
    ['an allowed origin', ALLOWED.includes(url.origin)],
    ['http or https', url.protocol === 'https:' || url.protocol === 'http:'],
    ['no user-info', url.username === '' && url.password === ''],
    ['no own route', url.origin !== RULES.origin || !/^\/auth(\/|$)/.test(decodedButSlashes(url.pathname))],
    ['no other host when the path is emitted alone', new URL(url.pathname, RULES.origin).origin === RULES.origin],
    ['visible ASCII without backslash', /^[\x21-\x5b\x5d-\x7e]+$/.test(to)],
    ['idempotent', safeReturnTo(to, RULES) === to],
  ]
  return laws.filter(([, holds]) => !holds).map(([law]) => `${law}: ${JSON.stringify(wish)}`)
}

describe('laws', () => {
  test('safeReturnTo() keeps every law for every wish of the corpus', () => {
    expect(rows.flatMap(({ wish }) => lawsBroken(wish))).toEqual([])
  })

  test('safeReturnTo() keeps every law for random pieces of addresses', () => {
    const pieces = [
      '/',
      '\\',
      ':',
      '@',
      '?',
      '#',
      '.',
      '%2e',
      '%2f',
      '%5c',
      '\t',
      'https:',
      'auth',
      '%61uth',
      'evil.example',
      ';',
    ]
    const hosts = ['forum.example.com', 'play.example.com', 'https://forum.example.com', 'https://play.example.com']
    const source = noise(0xbadcafe)
    const wishes = Array.from({ length: 40_000 }, (_, i) => noiseText(source, [...pieces, ...hosts], 1 + (i % 9)))
    expect(wishes.flatMap(lawsBroken)).toEqual([])
  })
})

describe('safeReturnTo()', () => {
  test('takes a wish of 2,048 characters', () => {
    const wish = `/${'a'.repeat(2047)}`
    expect(safeReturnTo(wish, RULES)).toBe(wish)
  })

  test('refuses a wish of 2,049 characters', () => {
    expect(safeReturnTo(`/${'a'.repeat(2048)}`, RULES)).toBeNull()
  })

  test('returns a path, never an absolute address, for a wish that is a path', () => {
    expect(safeReturnTo('/play?x#y', RULES)?.startsWith('/play')).toBe(true)
  })

  test('knows own routes below a longer prefix', () => {
    expect(safeReturnTo('/a/b/c', { ...RULES, prefix: '/a/b' })).toBeNull()
  })

  test('lets what only begins like the prefix pass', () => {
    expect(safeReturnTo('/a/bc', { ...RULES, prefix: '/a/b' })).toBe('/a/bc')
  })

  test('takes no other origin when none is listed', () => {
    expect(safeReturnTo('https://forum.example.com/', { ...RULES, origins: [] })).toBeNull()
  })
})
