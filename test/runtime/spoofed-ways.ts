import type { IncomingMessage } from 'node:http'
import { beforeAll, expect, test } from 'vitest'
import { receivedIncoming, remoteKeys, verifyAssertion, verifyRequest } from '../../src/verify/index.ts'
import { bodyOf } from '../support/exchange.ts'
import { guestOf } from '../support/guest.ts'
import { headOf } from '../support/raw.ts'
import { asVariables, FORGED, type HeaderLines, type Messenger, ODD_LINES, sawOf, spoof } from '../support/spoof.ts'
import type { Visitor } from '../support/visitor.ts'
import { ROBOT, SECRET } from './identity-place.ts'
import type { SocketPlace } from './sockets.ts'

/** One way to a service: what a client sends there beside what it forges. */
interface Way {
  readonly line: string
  readonly lines: HeaderLines
  readonly body?: string
}

/** Own maps of the deployment, kept from clients on the routes of all. */
const MAPPED = ['X-Player', 'X-Player-World', 'X-Game-Ticket']
/** What only some upstreams are told by Postern, and what a client may say to all others. */
const MESSAGE = ['Signature', 'Signature-Input']
const BEARER = ['Authorization']

const JSON_BODY = ['Content-Type: application/json']
const HANDSHAKE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]

/**
 * Headers a client forges, on every way to a service that is not the plain one: looked at on the way, announced by a
 * preflight, signed, or handed over as a socket without a lease. The same on every runtime.
 */
export function spoofedWays(place: () => SocketPlace): void {
  const seen: IncomingMessage[] = []
  const gateway = () => place().deployment.gateway
  const issuer = () => `${gateway()}/auth`
  let player: Visitor
  let robot: HeaderLines = []
  let own: HeaderLines = []

  beforeAll(async () => {
    player = await guestOf(gateway())
    own = [`Cookie: ${player.cookie(`${gateway()}/`)}`, `Origin: ${gateway()}`]
    robot = [`X-Api-Token: ${ROBOT}`]
    place().wire.answer = async (request, response) => {
      seen.push(request)
      await bodyOf(request)
      response.setHeader('Content-Type', 'application/json').end('{"name":"Mira"}')
    }
  })

  const get = (path: string, lines: HeaderLines): Way => ({ line: `GET ${path}`, lines })
  const post = (path: string, body: string, lines = own): Way => ({
    line: `POST ${path}`,
    lines: [...lines, ...JSON_BODY, `Content-Length: ${body.length}`],
    body,
  })
  const inChunks = (path: string, body: string): Way => ({
    line: `POST ${path}`,
    lines: [...own, ...JSON_BODY, 'Transfer-Encoding: chunked'],
    body: `${body.length.toString(16)}\r\n${body}\r\n0`,
  })
  const preflight = (path: string, lines: HeaderLines = [], method = 'GET'): Way => ({
    line: `OPTIONS ${path}`,
    lines: ['Origin: https://elsewhere.example', `Access-Control-Request-Method: ${method}`, ...lines],
  })
  const upgrade = (path: string): Way => ({ line: `GET ${path}`, lines: [...own, ...HANDSHAKE] })

  /** Raw lines by a way; what the service saw of them. */
  function messenger({ line, lines, body }: Way, more: HeaderLines = []): Messenger {
    return async (forged) => {
      seen.length = 0
      place().wire.upgrades.length = 0
      const host = `Host: ${new URL(gateway()).host}`
      const end = body === undefined ? [] : ['', body]
      await headOf(place().deployment.port, [`${line} HTTP/1.1`, host, ...lines, ...more, ...forged, ...end])
      const arrived = seen[0] ?? place().wire.upgrades[0]
      return arrived === undefined ? null : sawOf(arrived)
    }
  }

  const WAYS: readonly (readonly [string, () => Way, readonly string[]])[] = [
    ['where a success selects by the path', () => post('/captured/meadow/7', '{}'), []],
    ['where a success selects by request and answer', () => post('/captured', '{"id":7,"world":"meadow"}'), []],
    ['where a success selects, in chunks', () => inChunks('/captured', '{"id":7,"world":"meadow"}'), []],
    ['where a field of the body decides', () => post('/split', '{"action":"enter"}'), []],
    ['where a field of the body decides, in chunks', () => inChunks('/split', '{"action":"enter"}'), []],
    ['where a quota counts', () => post('/counted', '{}'), []],
    ['where a body is bounded on the way', () => inChunks('/bounded', '{}'), []],
    ['with a preflight', () => preflight('/plain/x'), []],
    ['with a preflight beside a session', () => preflight('/plain/x', own.slice(0, 1)), []],
    ['with a preflight of a route that counts', () => preflight('/counted', [], 'POST'), []],
    ['with a preflight of a signed route', () => preflight('/signed/x'), MESSAGE],
    ['with a preflight where the assertion is the Authorization', () => preflight('/entitled/x'), BEARER],
    ['where requests are signed', () => get('/signed/x', own), MESSAGE],
    ['where requests are signed, with a body', () => post('/signed/x', '{}'), MESSAGE],
    ['where requests are signed, beside a token', () => get('/signed/x', robot), MESSAGE],
    ['where requests are signed with a shared secret', () => get('/shared/x', own), MESSAGE],
    ['where the assertion is the Authorization', () => get('/entitled/x', own), BEARER],
    ['where the assertion is the Authorization, with a body', () => post('/entitled/x', '{}'), BEARER],
    ['where the assertion is the Authorization, for nobody', () => get('/entitled-open/x', []), BEARER],
    ['where a dialect writes the Authorization', () => get('/bearer/x', own), BEARER],
    ['with a signed socket', () => upgrade('/signed/full'), MESSAGE],
    ['with a socket, its Authorization ours', () => upgrade('/entitled/full'), BEARER],
    ['with a socket without a lease', () => upgrade('/loose/full'), []],
    ['with a signed socket without a lease', () => upgrade('/loose-signed/full'), MESSAGE],
    ['with a socket without a lease, its Authorization ours', () => upgrade('/loose-entitled/full'), BEARER],
  ]

  test.each(WAYS)(
    'none arrives %s',
    async (_, way, also) => {
      const { sent, arrived, forged } = await spoof(messenger(way()), [...MAPPED, ...also])
      expect({ arrived, forged }).toEqual({ arrived: sent, forged: [] })
    },
    60_000,
  )

  test.each(WAYS)(
    'odd lines are refused or harmless %s',
    async (_, way) => {
      const { lines, ...rest } = way()
      const isUpgrade = lines.includes('Connection: Upgrade')
      const send = messenger({ ...rest, lines }, isUpgrade ? [] : ['Connection: close'])
      for (const odd of ODD_LINES) {
        const reads = asVariables((await send(odd)) ?? []).get('HTTP_POSTERN_USER') ?? []
        expect([odd, reads.filter((value) => value.includes(FORGED)), reads.length < 2]).toEqual([odd, [], true])
      }
    },
    60_000,
  )

  test.each(['signed', 'shared'] as const)(
    'none takes away or adds to the signature for %s',
    async (audience) => {
      const shared = { keyId: 'shared', bytes: new TextEncoder().encode(SECRET) as Uint8Array<ArrayBuffer> }
      const message = {
        now: () => Date.now() / 1000,
        seen: () => false,
        ...(audience === 'shared' ? { secret: shared } : {}),
      }
      const keys = remoteKeys(`${issuer()}/.well-known/jwks.json`)
      const kinds: string[] = []
      const send = messenger(get(`/${audience}/x`, own))
      const { sent } = await spoof(
        async (lines) => {
          const saw = await send(lines)
          const [request] = seen
          if (request === undefined) return null
          const variables = asVariables(saw ?? [])
          expect(MESSAGE.map((name) => variables.get(asVariable(name))?.length)).toEqual([1, 1])
          const { kind } = await verifyRequest(receivedIncoming(request), { issuer: issuer(), audience, keys, message })
          kinds.push(kind)
          return saw
        },
        [...MAPPED, ...MESSAGE],
      )
      expect([kinds.length, new Set(kinds)]).toEqual([sent, new Set(['user'])])
    },
    60_000,
  )

  test.each([
    ['an assertion', 'entitled', () => get('/entitled/x', own)],
    ['a dialect', 'bearer', () => get('/bearer/x', own)],
    ['an assertion, with a socket', 'entitled', () => upgrade('/loose-entitled/full')],
  ] as const)(
    'none takes away or adds to the Authorization of %s',
    async (_, audience, way) => {
      const options = { issuer: issuer(), audience, keys: remoteKeys(`${issuer()}/.well-known/jwks.json`) }
      const kinds: string[] = []
      const send = messenger(way())
      const { sent } = await spoof(
        async (lines) => {
          const saw = await send(lines)
          const said = asVariables(saw ?? []).get('HTTP_AUTHORIZATION') ?? []
          expect(said).toHaveLength(1)
          kinds.push((await verifyAssertion(said[0]?.replace('Bearer ', '') ?? '', options)).kind)
          return saw
        },
        [...MAPPED, ...BEARER],
      )
      expect([kinds.length, new Set(kinds)]).toEqual([sent, new Set(['user'])])
    },
    60_000,
  )

  test('what some upstreams are told by Postern, a client may say to the others', async () => {
    const said = [...MESSAGE, ...BEARER].map((name) => `${name}: ${FORGED}`)
    const variables = asVariables((await messenger(get('/plain/x', own))(said)) ?? [])
    expect([...MESSAGE, ...BEARER].map((name) => variables.get(asVariable(name)))).toEqual(said.map(() => [FORGED]))
  })
}

function asVariable(name: string): string {
  return `HTTP_${name.toUpperCase().replaceAll('-', '_')}`
}
