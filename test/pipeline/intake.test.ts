import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse.ts'
import type { Ask } from '../../src/core/ask.ts'
import { type Arrival, askFromRequest, knownHost, rawTargetOf } from '../../src/pipeline/intake.ts'
import type { Config } from '../../src/ports/config.ts'
import { corpus, unquoted } from '../support/corpus.ts'

function configOf(more: Readonly<Record<string, unknown>> = {}): Config {
  const parsed = parseConfig({
    origin: 'https://play.example.com',
    hosts: ['play2.example.com', 'play3.example.com:8443'],
    upstreams: { game: { url: 'http://127.0.0.1:2567' } },
    ...more,
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.fault))
  return parsed.value
}

const CONFIG = configOf()
const LOCAL = configOf({ origin: 'http://localhost:8787', hosts: [] })
const ARRIVAL: Arrival = { requestId: 'request-1', rawTarget: '/play', address: null, country: null }

interface Sent {
  readonly method?: string
  readonly target?: string
  readonly headers?: Readonly<Record<string, string>>
}

function asked({ method = 'GET', target = '/play', headers = {} }: Sent): ReturnType<typeof askFromRequest> {
  const sent = new Headers({ host: 'play.example.com', ...headers })
  return askFromRequest({ method, headers: sent }, { ...ARRIVAL, rawTarget: target }, CONFIG)
}

function askOf(sent: Sent): Ask {
  const result = asked(sent)
  if (!result.ok) throw new Error(result.fault.fault)
  return result.value
}

function faultOf(sent: Sent): string {
  const result = asked(sent)
  return result.ok ? 'ok' : result.fault.fault
}

// DECISIONS 21: never `new URL().pathname`, which would resolve what we must refuse.
describe('rawTargetOf()', () => {
  test.each([
    ['https://play.example.com/a/b?c', '/a/b?c'],
    ['https://play.example.com/', '/'],
    ['https://play.example.com', '/'],
    ['https://play.example.com?c', '/?c'],
    ['https://play.example.com?c/d', '/?c/d'],
    ['http://localhost:8787/a', '/a'],
    ['http://[::1]:8787/a', '/a'],
    ['https://play.example.com//evil.example/a', '//evil.example/a'],
    ['https://play.example.com/a/../b', '/a/../b'],
    ['https://play.example.com/%2e%2e/b', '/%2e%2e/b'],
    ['https://play.example.com/a\\b', '/a\\b'],
    ['https://play.example.com/a?b=http://x/y', '/a?b=http://x/y'],
    ['https://play.example.com/http://x/y', '/http://x/y'],
    ['https://play.example.com/a?', '/a?'],
  ])('cuts %s at its third slash', (url, target) => {
    expect(rawTargetOf(url)).toBe(target)
  })

  test('gives back every target of the corpus that begins with a slash, byte for byte', () => {
    const targets = corpus('targets.txt').map(([, raw]) => unquoted(raw))
    const changed = targets.filter(
      (raw) => raw.startsWith('/') && rawTargetOf(`https://play.example.com${raw}`) !== raw,
    )
    expect(changed).toEqual([])
  })
})

describe('knownHost()', () => {
  test.each([
    ['play.example.com', 'play.example.com'],
    ['PLAY.Example.COM', 'play.example.com'],
    ['play.example.com:443', 'play.example.com'],
    ['play.example.com.', 'play.example.com'],
    ['play.example.com.:443', 'play.example.com'],
    ['play2.example.com', 'play2.example.com'],
    ['play3.example.com:8443', 'play3.example.com:8443'],
  ])('reads %s as %s', (header, host) => {
    expect(knownHost(header, CONFIG)).toBe(host)
  })

  test.each([
    ['another host', 'evil.example'],
    ['a host below ours', 'x.play.example.com'],
    ['a host that begins like ours', 'play.example.com.evil.example'],
    ['the default port of the other scheme', 'play.example.com:80'],
    ['another port', 'play.example.com:8443'],
    ['a host without the port it has', 'play3.example.com'],
    ['an empty port', 'play.example.com:'],
    ['a port with zeros in front', 'play.example.com:0443'],
    ['two dots at the end', 'play.example.com..'],
    ['two hosts', 'play.example.com, play.example.com'],
    ['two hosts without a blank', 'play.example.com,evil.example'],
    ['user-info', 'user@play.example.com'],
    ['a path', 'play.example.com/x'],
    ['a blank', ' play.example.com'],
    ['a tab', 'play.example.com\t'],
    ['an underscore', 'play_example.com'],
    ['letters of another script', 'pl\u0430y.example.com'],
    ['percent-encoding', 'play%2eexample.com'],
    ['an address', '127.0.0.1'],
    ['nothing', ''],
    ['__proto__', '__proto__'],
    ['256 characters', 'a'.repeat(256)],
  ])('knows no %s', (_, header) => {
    expect(knownHost(header, CONFIG)).toBeNull()
  })

  test('knows nobody when there is no Host', () => {
    expect(knownHost(null, CONFIG)).toBeNull()
  })

  test('knows a host on another port by its port', () => {
    expect(
      ['localhost:8787', 'localhost', 'localhost:80', '127.0.0.1:8787'].map((host) => knownHost(host, LOCAL)),
    ).toEqual(['localhost:8787', null, null, null])
  })
})

describe('methods', () => {
  test.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])('%s is asked about', (method) => {
    expect(faultOf({ method })).toBe('ok')
  })

  test.each(['CONNECT', 'TRACE', 'TRACK', 'get', 'Get', 'GET ', 'GE T', 'G\u00c9T', '', 'A'.repeat(21), 'GET\r\nX: 1'])(
    '%j is refused',
    (method) => {
      expect(faultOf({ method })).toBe('bad-method')
    },
  )
})

describe('upgrades', () => {
  test('a websocket upgrade is a socket', () => {
    expect(askOf({ headers: { upgrade: 'WebSocket', connection: 'Upgrade' } }).front).toBe('socket')
  })

  test.each(['h2c', 'h2c, websocket', 'websocket, h2c', 'TLS/1.0', 'websocket/13'])('%s is refused', (upgrade) => {
    expect(faultOf({ headers: { upgrade } })).toBe('bad-method')
  })

  test('an offer that names a subprotocol twice is refused, and read of upgrades alone', () => {
    const offer = { 'sec-websocket-protocol': 'v1, v1' }
    expect(faultOf({ headers: { ...offer, upgrade: 'websocket' } })).toBe('bad-upgrade')
    expect(faultOf({ headers: offer })).toBe('ok')
  })

  // RFC 8470 section 5.1.
  test('an unsafe method in early data is refused before anything else is asked of it; a safe one is not', () => {
    const headers = { 'early-data': '1' }
    expect(['POST', 'DELETE', 'PROPFIND'].map((method) => faultOf({ method, headers }))).toEqual(
      Array.from({ length: 3 }, () => 'too-early'),
    )
    expect(['GET', 'HEAD', 'OPTIONS'].map((method) => faultOf({ method, headers }))).toEqual(['ok', 'ok', 'ok'])
  })

  // RFC 6455 section 4.1: the handshake is a GET.
  test('an upgrade of another method is refused', () => {
    expect(faultOf({ method: 'POST', headers: { upgrade: 'websocket' } })).toBe('bad-method')
  })
})

describe('askFromRequest()', () => {
  test('takes the credentials out as they stand', () => {
    const headers = { cookie: 'a=1; __Host-postern=s', authorization: 'Bearer x', 'x-api-token': 'y' }
    expect(askOf({ headers }).credentials).toEqual({
      cookie: 'a=1; __Host-postern=s',
      authorization: 'Bearer x',
      apiToken: 'y',
    })
  })

  test('says null for every credential that is not there', () => {
    expect(askOf({}).credentials).toEqual({ cookie: null, authorization: null, apiToken: null })
  })

  test('knows nothing of addresses a client names itself (DECISIONS 25)', () => {
    const headers = { 'x-forwarded-for': '10.0.0.1', 'cf-connecting-ip': '10.0.0.2', 'x-real-ip': '10.0.0.3' }
    expect(askOf({ headers }).address).toBeNull()
  })

  test('believes Host alone, never X-Forwarded-Host', () => {
    expect(faultOf({ headers: { host: 'evil.example', 'x-forwarded-host': 'play.example.com' } })).toBe('bad-host')
    expect(askOf({ headers: { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' } }).host).toBe(
      'play.example.com',
    )
  })

  test('ignores headers that would change the method or the path', () => {
    const headers = { 'x-http-method-override': 'DELETE', 'x-original-url': '/admin', 'x-rewrite-url': '/admin' }
    const ask = askOf({ headers })
    expect([ask.method, ask.target.path]).toEqual(['GET', '/play'])
  })

  test('refuses a target without a canonical form', () => {
    expect(faultOf({ target: '/a/../b' })).toBe('bad-target')
  })

  test('takes cookies of 16 KB and refuses one byte more', () => {
    expect(faultOf({ headers: { cookie: 'a'.repeat(16_384) } })).toBe('ok')
    expect(faultOf({ headers: { cookie: 'a'.repeat(16_385) } })).toBe('headers-too-large')
  })

  test('keeps 256 characters of a user agent', () => {
    expect(askOf({ headers: { 'user-agent': 'x'.repeat(300) } }).userAgent).toHaveLength(256)
  })

  test('reads the configured client header', () => {
    expect(askOf({ headers: { 'X-Client-Type': 'Unity' } }).client).toBe('Unity')
  })

  test.each<[string | null, number | null]>([
    ['0', 0],
    ['65536', 65_536],
    ['999999999999999', 999_999_999_999_999],
    ['1000000000000000', null],
    [null, null],
    ['', null],
    ['-1', null],
    ['1e3', null],
    ['0x10', null],
    ['1, 1', null],
    ['abc', null],
  ])('reads a Content-Length of %j as %j', (sent, length) => {
    const headers: Record<string, string> = sent === null ? {} : { 'content-length': sent }
    expect(askOf({ method: 'POST', headers }).contentLength).toBe(length)
  })

  test('says what the browser said even when it refuses', () => {
    const result = asked({ target: '//', headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate' } })
    expect(!result.ok && result.fault.browser).toMatchObject({ accept: 'text/html', mode: 'navigate' })
  })
})
