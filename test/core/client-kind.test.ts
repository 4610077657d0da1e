import { describe, expect, test } from 'vitest'
import type { Ask, BrowserFacts, Credentials } from '../../src/core/ask.ts'
import { clientKind, isCrossSite, isSafe } from '../../src/core/client-kind.ts'
import { askOf, SILENT } from '../support/ask.ts'

const VISIT: BrowserFacts = { ...SILENT, mode: 'navigate', dest: 'document', accept: 'text/html,*/*;q=0.8' }

function kindOf(method: string, browser: Partial<BrowserFacts>, rest: Partial<Ask> = {}): string {
  return clientKind(askOf({ method, browser: { ...SILENT, ...browser }, ...rest }))
}

function withCredential(credentials: Partial<Credentials>): Partial<Ask> {
  return { credentials: { cookie: null, authorization: null, apiToken: null, ...credentials } }
}

describe('clientKind()', () => {
  test('sees a page visit of a current browser', () => {
    expect(kindOf('GET', VISIT)).toBe('navigation')
  })

  test('sees a page visit of a browser without fetch metadata', () => {
    expect(kindOf('GET', { accept: 'text/html,application/xhtml+xml' })).toBe('navigation')
  })

  test('sees a submitted form', () => {
    expect(kindOf('POST', VISIT)).toBe('form')
  })

  test('sees a program in fetch(), whatever it accepts', () => {
    expect(kindOf('GET', { ...VISIT, mode: 'cors', dest: 'empty' })).toBe('program')
  })

  test('sees a program in a same-origin fetch()', () => {
    expect(kindOf('GET', { ...VISIT, mode: 'same-origin', dest: 'empty' })).toBe('program')
  })

  // Only top-level navigations are redirected (SPEC 1.6).
  test('sees a program in a frame', () => {
    expect(kindOf('GET', { ...VISIT, dest: 'iframe' })).toBe('program')
  })

  test('sees a visit and a form in a frame at a host that is shown inside other sites (users.md row 9)', () => {
    const framed = { ...VISIT, dest: 'iframe', frames: 'pages' } as const
    expect(kindOf('GET', framed)).toBe('navigation')
    expect(kindOf('POST', framed)).toBe('form')
    expect(kindOf('GET', { ...framed, dest: 'object' })).toBe('program')
    expect(kindOf('GET', { ...framed, mode: 'cors' })).toBe('program')
  })

  test('sees a program in an image', () => {
    expect(kindOf('GET', { mode: 'no-cors', dest: 'image', accept: 'image/avif,*/*' })).toBe('program')
  })

  test('sees a program in curl', () => {
    expect(kindOf('GET', { accept: '*/*' })).toBe('program')
  })

  test('sees a program in a client that says nothing', () => {
    expect(kindOf('GET', {})).toBe('program')
  })

  test('sees a program in a navigation that wants JSON', () => {
    expect(kindOf('GET', { ...VISIT, accept: 'application/json' })).toBe('program')
  })

  // A request with Authorization never gets HTML (SPEC 1.6).
  test('sees a program where Authorization is sent', () => {
    expect(kindOf('GET', VISIT, withCredential({ authorization: 'Bearer x' }))).toBe('program')
  })

  test('sees a program where an API token is sent', () => {
    expect(kindOf('GET', VISIT, withCredential({ apiToken: 'x' }))).toBe('program')
  })

  test('sees a program where X-Requested-With is sent', () => {
    expect(kindOf('GET', { accept: 'text/html', requestedWith: 'XMLHttpRequest' })).toBe('program')
  })

  test('sees a program in a socket', () => {
    expect(kindOf('GET', VISIT, { front: 'socket' })).toBe('program')
  })
})

describe('isSafe()', () => {
  test('knows the methods that change nothing', () => {
    expect(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'get', 'PROPFIND'].filter(isSafe)).toEqual([
      'GET',
      'HEAD',
      'OPTIONS',
    ])
  })
})

const OWN = 'https://play.example.com'

function crossSite(method: string, browser: Partial<BrowserFacts>, front: Ask['front'] = 'http'): boolean {
  return isCrossSite(askOf({ method, front, browser: { ...SILENT, ...browser } }), OWN)
}

describe('isCrossSite()', () => {
  test('lets a safe method pass from anywhere', () => {
    expect(crossSite('GET', { origin: 'https://evil.example', site: 'cross-site' })).toBe(false)
  })

  test('lets an unsafe method pass from the own origin', () => {
    expect(crossSite('POST', { origin: 'https://play.example.com', site: 'same-origin' })).toBe(false)
  })

  test('stops an unsafe method from another origin', () => {
    expect(crossSite('POST', { origin: 'https://evil.example', site: 'cross-site' })).toBe(true)
  })

  test('stops an unsafe method from a sibling host', () => {
    expect(crossSite('DELETE', { origin: 'https://forum.example.com', site: 'same-site' })).toBe(true)
  })

  test('stops the own host on another scheme or port', () => {
    expect(crossSite('POST', { origin: 'http://play.example.com' })).toBe(true)
    expect(crossSite('POST', { origin: 'https://play.example.com:8443' })).toBe(true)
  })

  test('stops an origin that only begins like the own one', () => {
    expect(crossSite('POST', { origin: 'https://play.example.com.evil.example' })).toBe(true)
  })

  test('lets a client that is no browser pass: neither Origin nor fetch metadata', () => {
    expect(crossSite('POST', {})).toBe(false)
  })

  test('stops fetch metadata that says cross-site when there is no Origin', () => {
    expect(crossSite('POST', { site: 'cross-site' })).toBe(true)
  })

  test('lets a typed or bookmarked address pass', () => {
    expect(crossSite('POST', { site: 'none' })).toBe(false)
  })

  // DECISIONS 18: a same-origin form of a page with no-referrer sends Origin: null.
  test('lets Origin null pass only when the browser says same-origin', () => {
    expect(crossSite('POST', { origin: 'null', site: 'same-origin' })).toBe(false)
    expect(crossSite('POST', { origin: 'null', site: 'cross-site' })).toBe(true)
    expect(crossSite('POST', { origin: 'null' })).toBe(true)
  })

  // Cross-site WebSocket hijacking: a GET, so safety of the method says nothing.
  test('stops an upgrade from another origin', () => {
    expect(crossSite('GET', { origin: 'https://evil.example' }, 'socket')).toBe(true)
  })

  test('stops an upgrade with a cookie and no Origin', () => {
    expect(crossSite('GET', {}, 'socket')).toBe(true)
  })

  test('lets an upgrade from the own origin pass', () => {
    expect(crossSite('GET', { origin: 'https://play.example.com' }, 'socket')).toBe(false)
  })
})

test('isCrossSite() lets pages of the asked host and named origins ask, and nobody whose name begins or ends alike', () => {
  const from = (origin: string, host: string, others: readonly string[] = []) =>
    isCrossSite(askOf({ method: 'POST', host, browser: { ...SILENT, origin } }), OWN, others)
  expect(from('https://embed.example.com', 'embed.example.com')).toBe(false)
  expect(from('https://embed.example.com', 'play.example.com')).toBe(true)
  expect(from('http://embed.example.com', 'embed.example.com')).toBe(true)
  expect(from('https://embed.example.com.evil.test', 'embed.example.com')).toBe(true)
  expect(from('https://portal.example', 'play.example.com', ['https://portal.example'])).toBe(false)
})
