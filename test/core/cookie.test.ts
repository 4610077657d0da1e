import { describe, expect, test } from 'vitest'
import { cookieNames, cookieValues, hostCookie, withoutCookies } from '../../src/core/cookie.ts'
import { isOwnCookie, cookieNames as ownNames } from '../../src/core/own-cookies.ts'
import { corpus, noise, noiseText, unquoted } from '../support/corpus.ts'

const SESSION = '__Host-postern'

const rows = corpus('cookies.txt').map(([header, forwarded, values = '']) => {
  const raw = unquoted(header)
  const kept = forwarded === 'nothing' ? null : forwarded === 'same' ? raw : unquoted(forwarded)
  return { raw, kept: kept?.trim() === '' && raw !== '' ? null : kept, values: JSON.parse(values) as readonly string[] }
})

describe('cookies corpus', () => {
  test.each(rows)('withoutCookies() leaves $kept of $raw', ({ raw, kept }) => {
    expect(withoutCookies(raw, isOwnCookie)).toBe(kept)
  })

  test.each(rows)('cookieValues() finds $values in $raw', ({ raw, values }) => {
    expect(cookieValues(raw, SESSION)).toEqual(values)
  })
})

describe('withoutCookies()', () => {
  test('leaves no name of ours that another reader could find in random headers', () => {
    const pieces = [
      '__Host-postern',
      '__host-pt-',
      '=',
      ';',
      ' ',
      '"',
      '$',
      'a',
      '\t',
      ',',
      '\u00a0',
      '__Host-pa',
      '\\',
    ]
    const source = noise(0xc001d00d)
    const headers = Array.from({ length: 20_000 }, (_, i) => noiseText(source, pieces, 1 + (i % 10)))
    const leaking = headers.filter((header) => {
      const rest = withoutCookies(header, isOwnCookie)
      return rest?.split(';').some((pair) => /^[=\s"\\]*__host-p(ostern|t-|a)\s*(=|$)/i.test(pair))
    })
    expect(leaking).toEqual([])
  })

  test('changes no byte of what it keeps in random headers', () => {
    const pieces = ['__Host-postern=1', 'a=1', 'b', '=', ';', '; ', '"', ' ', '\t', ',']
    const source = noise(0x7ea)
    const headers = Array.from({ length: 20_000 }, (_, i) => noiseText(source, pieces, 1 + (i % 9)))
    const changed = headers.filter((header) => {
      const kept = withoutCookies(header, isOwnCookie) ?? ''
      const pairs = header.split(';')
      return !kept
        .split(';')
        .every(
          (pair, at) =>
            pair === '' || pairs.some((raw) => (at === 0 ? raw.trimStart() === pair.trimStart() : raw === pair)),
        )
    })
    expect(changed).toEqual([])
  })

  test('cuts our cookie out of a header of 16 KB', () => {
    const others = Array.from({ length: 800 }, (_, i) => `name${i}=value-${i}`).join('; ')
    expect(withoutCookies(`${others}; ${SESSION}=s`, isOwnCookie)).toBe(others)
  })

  test('stays fast on 16 KB of separators', () => {
    const began = performance.now()
    withoutCookies(`${SESSION}=s${'; ='.repeat(5461)}`, isOwnCookie)
    withoutCookies(`${SESSION}=s;${' '.repeat(16_000)}a`, isOwnCookie)
    withoutCookies(`${'='.repeat(16_000)}${SESSION}`, isOwnCookie)
    expect(performance.now() - began).toBeLessThan(2000)
  })
})

describe('cookieNames()', () => {
  test('lists names as they stand, in order', () => {
    expect(cookieNames('b=1; __proto__=2;a')).toEqual(['b', '__proto__', 'a'])
  })
})

describe('isOwnCookie()', () => {
  test('knows the session cookie of every port', () => {
    expect(isOwnCookie('__Host-postern-8787')).toBe(true)
  })

  test('lets the cookies of a game pass', () => {
    expect(['__Host-game', '__Host-player', '__Host-pt1', 'postern', '__Host-posterns'].filter(isOwnCookie)).toEqual([])
  })

  test('knows every name that an origin makes', () => {
    const { session, transaction, arrived, language } = ownNames('http://localhost:8787')
    expect([session, `${transaction}AbC-_019`, arrived, language].filter((name) => !isOwnCookie(name))).toEqual([])
  })
})

describe('cookieNames() of an origin', () => {
  test('leaves the default port out', () => {
    expect(ownNames('https://play.example.com').session).toBe('__Host-postern')
  })

  // DECISIONS 1: cookies are shared across the ports of a host.
  test('puts another port into every name', () => {
    expect(ownNames('http://localhost:8787')).toEqual({
      session: '__Host-postern-8787',
      transaction: '__Host-pt-8787-',
      arrived: '__Host-pa-8787',
      language: '__Host-pl-8787',
    })
  })
})

describe('hostCookie()', () => {
  test('says what the prefix __Host- demands', () => {
    expect(hostCookie(SESSION, 'v', { maxAge: 604_800, sameSite: 'Lax' })).toBe(
      '__Host-postern=v; Path=/; Max-Age=604800; HttpOnly; Secure; SameSite=Lax',
    )
  })

  test('deletes with Max-Age=0', () => {
    expect(hostCookie(SESSION, '', { maxAge: 0, sameSite: 'Lax' })).toBe(
      '__Host-postern=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax',
    )
  })

  test('ends with the browser when no age is given', () => {
    expect(hostCookie(SESSION, 'v', { maxAge: null, sameSite: 'None' })).toBe(
      '__Host-postern=v; Path=/; HttpOnly; Secure; SameSite=None',
    )
  })

  test('partitions when it is asked to', () => {
    expect(hostCookie(SESSION, 'v', { maxAge: null, sameSite: 'None', partitioned: 'partitioned' })).toMatch(
      /; Partitioned$/,
    )
  })
})
