import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { secret } from '../../src/config/define.ts'
import { leaseBook } from '../../src/runtime/lease-book.ts'
import { nodeFront } from '../../src/runtime/node-front.ts'
import { heartbeat } from '../../src/runtime/node-heartbeat.ts'
import { nodeSockets } from '../../src/runtime/node-sockets.ts'
import { type NodeUpstreams, nodeUpstreams } from '../../src/runtime/node-upstreams.ts'
import { exchange } from '../support/exchange.ts'
import { ORIGIN, type Workbench, workbench } from '../support/gateway.ts'
import { startWire, type Wire } from '../support/wire.ts'

const POLICY = `
upstream: game
users: { defaultRole: player, guestRole: guest, roles: many }
permissions: [play, rule]
roles:
  guest: { level: 0, permissions: [] }
  player: { level: 1, permissions: [play] }
  chief: { level: 2, permissions: [play, rule] }
rules:
  - { path: /open, methods: GET, access: public }
  - { path: /either, methods: GET, access: optional }
  - { path: /play, methods: GET, permission: play }
  - { path: /rule, methods: GET, permission: rule }
  - { path: /level, methods: GET, minLevel: 2 }
  - { path: /played, methods: GET, character: selected }
  - { path: /fresh, methods: GET, freshWithin: 1s }
  - { path: /posted, methods: POST }
  - { path: /own-answers, methods: [POST, OPTIONS] }
  - { path: /shut, access: deny }
  - { path: /hidden, access: deny, denyStatus: 404 }
  - { path: /items/:id, methods: GET, access: public, params: { id: int } }
`
const SECRET = 'f'.repeat(32)

type Who = 'nobody' | 'player' | 'chief' | 'forged'

let bench: Workbench
let game: Wire
let server: Server
let upstreams: NodeUpstreams
let stop: () => void
let cookies: Readonly<Record<Who, string | null>>
/** Whether nobody can take note of a request, as with a full disk. */
let isLogBroken = false

beforeAll(async () => {
  game = await startWire()
  const settings = {
    upstreams: { game: { url: `http://127.0.0.1:${game.port}` } },
    forwardAuth: { traefik: { secret: secret('FRONT_SECRET') } },
  }
  bench = await workbench({ 'rules.yaml': POLICY }, settings, { secrets: { FRONT_SECRET: SECRET } })
  const player = (await bench.signedIn(['player'])).cookie
  cookies = { nobody: null, player, chief: (await bench.signedIn(['chief'])).cookie, forged: `${player}x` }
  bench.clock.now += 60
  const { gateway } = bench
  upstreams = nodeUpstreams(gateway.config)
  const leases = leaseBook(gateway)
  stop = () => leases.stop()
  const room = { gateway, leases, open: new Set<never>(), beats: heartbeat(25_000) }
  const sockets = nodeSockets(room, upstreams)
  const arrivalOf = (incoming: IncomingMessage) => ({
    requestId: 'r',
    rawTarget: incoming.url ?? '',
    address: '203.0.113.7',
    country: null,
  })
  const observe: typeof gateway.runtime.observe = (seen) => {
    if (isLogBroken && seen.kind === 'request') throw new Error('nobody takes note')
    gateway.runtime.observe(seen)
  }
  const noted = { ...gateway, runtime: { ...gateway.runtime, observe } }
  server = createServer((incoming, outgoing) => {
    nodeFront(incoming, outgoing, arrivalOf(incoming), noted, upstreams, room)
  })
  server.on('upgrade', (incoming, socket, head) => void sockets.upgrade(incoming, socket, head, arrivalOf(incoming)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  stop()
  server.closeAllConnections()
  server.close()
  await upstreams.close()
  await game.stop()
  bench.close()
})

const portOf = () => (server.address() as AddressInfo).port

function credentials(who: Who): readonly (readonly [string, string])[] {
  const cookie = cookies[who]
  return [['accept', 'application/json'], ['origin', ORIGIN], ...(cookie === null ? [] : [['cookie', cookie] as const])]
}

/** What forward-auth said last. */
let granted = new Headers()

/** What the last decision was, as every front reports it. */
function decision(): string {
  const seen = bench.observed.findLast(({ kind }) => kind === 'request')
  return seen?.kind === 'request' ? `${seen.rule} ${seen.outcome}` : 'none'
}

type More = Readonly<Record<string, string>>
type Front = (method: string, path: string, who: Who, more?: More) => Promise<number>

const FRONTS: Readonly<Record<'web' | 'node' | 'forward-auth' | 'socket', Front>> = {
  async web(method, path, who, more = {}) {
    const headers = { ...Object.fromEntries(credentials(who)), ...more }
    return (await bench.request(path, { method, headers })).status
  },
  async node(method, path, who, more = {}) {
    const headers = Object.entries({ host: 'play.example.com', ...Object.fromEntries(credentials(who)), ...more })
    return (await exchange(portOf(), { method, path, headers })).status
  },
  async 'forward-auth'(method, path, who, more = {}) {
    const told = {
      'postern-proxy-secret': SECRET,
      'x-forwarded-method': method,
      'x-forwarded-uri': path,
      'x-forwarded-host': 'play.example.com',
      'x-forwarded-proto': 'https',
      'x-forwarded-for': '203.0.113.7',
    }
    const headers = { ...Object.fromEntries(credentials(who)), ...told, ...more }
    const answer = await bench.request('/auth/verify', { headers })
    granted = answer.headers
    return answer.status
  },
  socket: (_method, path, who) =>
    new Promise((resolve, reject) => {
      const headers = { ...Object.fromEntries(credentials(who)), host: 'play.example.com' }
      const socket = new WebSocket(`ws://127.0.0.1:${portOf()}${path}`, { headers })
      socket.once('open', () => {
        socket.terminate()
        // An open socket is what a 200 is elsewhere.
        resolve(200)
      })
      socket.once('unexpected-response', (_request, response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      socket.on('error', reject)
    }),
}

const ROWS: readonly (readonly [string, string, Who, number, string])[] = [
  ['GET', '/open', 'nobody', 200, 'allow'],
  ['GET', '/open', 'forged', 200, 'allow'],
  ['GET', '/either', 'nobody', 200, 'allow'],
  ['GET', '/either', 'player', 200, 'allow'],
  ['GET', '/play', 'nobody', 401, 'challenge:no-session'],
  ['GET', '/play', 'forged', 401, 'challenge:invalid'],
  ['GET', '/play', 'player', 200, 'allow'],
  ['GET', '/rule', 'player', 403, 'refuse:forbid'],
  ['GET', '/rule', 'chief', 200, 'allow'],
  ['GET', '/level', 'player', 403, 'refuse:forbid'],
  ['GET', '/level', 'chief', 200, 'allow'],
  ['GET', '/played', 'player', 409, 'refuse:needs-character'],
  ['GET', '/fresh', 'player', 401, 'challenge:stale'],
  ['GET', '/posted', 'player', 405, 'refuse:method-not-allowed'],
  ['POST', '/posted', 'nobody', 401, 'challenge:no-session'],
  ['POST', '/posted', 'player', 200, 'allow'],
  ['DELETE', '/play', 'player', 405, 'refuse:method-not-allowed'],
  ['GET', '/shut', 'chief', 403, 'refuse:forbid'],
  ['GET', '/hidden', 'chief', 404, 'refuse:not-found'],
  ['GET', '/items/7', 'nobody', 200, 'allow'],
  ['GET', '/items/x', 'nobody', 400, 'refuse:bad-parameter'],
  ['GET', '/nowhere', 'nobody', 401, 'challenge:no-session'],
  ['GET', '/nowhere', 'player', 403, 'no rule'],
]

describe.each(['web', 'node', 'forward-auth', 'socket'] as const)(
  'the front %s decides as every other one',
  (front) => {
    const rows = ROWS.filter(([method]) => front !== 'socket' || method === 'GET')
    test.each(rows)('%s %s by %s: %i, %s', async (method, path, who, status, outcome) => {
      bench.observed.length = 0
      expect(await FRONTS[front](method, path, who)).toBe(status)
      await expect.poll(decision).toMatch(new RegExp(`${outcome}$`))
    })
  },
)

/** Preflights: the method that is announced, the path, who, and what comes of it (DECISIONS 27). */
const PREFLIGHTS: readonly (readonly [string, string, Who, number, string])[] = [
  ['GET', '/open', 'nobody', 200, 'allow'],
  ['GET', '/play', 'nobody', 200, 'allow'],
  ['GET', '/play', 'player', 200, 'allow'],
  ['GET', '/play', 'forged', 200, 'allow'],
  ['GET', '/rule', 'player', 200, 'allow'],
  ['GET', '/played', 'nobody', 200, 'allow'],
  ['GET', '/fresh', 'player', 200, 'allow'],
  ['POST', '/posted', 'nobody', 200, 'allow'],
  ['PUT', '/own-answers', 'nobody', 200, 'allow'],
  ['DELETE', '/play', 'nobody', 405, 'refuse:method-not-allowed'],
  ['delete', '/play', 'nobody', 405, 'refuse:method-not-allowed'],
  ['GET', '/shut', 'nobody', 403, 'refuse:forbid'],
  ['GET', '/shut', 'chief', 403, 'refuse:forbid'],
  ['GET', '/hidden', 'nobody', 404, 'refuse:not-found'],
  ['GET', '/items/x', 'nobody', 400, 'refuse:bad-parameter'],
  ['GET', '/nowhere', 'nobody', 403, 'no rule'],
  ['GET', '/nowhere', 'player', 403, 'no rule'],
]

describe.each(['web', 'node', 'forward-auth'] as const)('a preflight at the front %s', (front) => {
  test.each(PREFLIGHTS)('for %s %s by %s: %i, %s', async (method, path, who, status, outcome) => {
    bench.observed.length = 0
    bench.sent.length = 0
    bench.calls.length = 0
    let reached: IncomingMessage | null = null
    game.answer = (request, response) => {
      reached = request
      response.end()
    }
    const announced = { origin: 'https://partner.example.com', 'access-control-request-method': method }
    expect(await FRONTS[front]('OPTIONS', path, who, announced)).toBe(status)
    await expect.poll(decision).toMatch(new RegExp(`${outcome}$`))
    // Nobody is asked for, and nobody is named.
    expect(bench.calls).toEqual([])
    const raw = reached as IncomingMessage | null
    const seen = { web: bench.sent.at(-1)?.headers, node: raw && new Headers(raw.headers as HeadersInit) }
    const headers = front === 'forward-auth' ? granted : seen[front]
    if (status !== 200) return expect(bench.sent.length + (raw === null ? 0 : 1)).toBe(0)
    expect(headers?.get('postern-user') ?? '').toBe('')
    expect(headers?.get('cookie') ?? '').toBe('')
    const [, claims = ''] = (headers?.get('postern-assertion') ?? '').split('.')
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({ anonymous: true })
  })

  test('brings nothing that is judged by its own, and has no body', async () => {
    const announced = { origin: 'https://partner.example.com', 'access-control-request-method': 'GET' }
    if (front === 'node') {
      // What brings a body is no preflight, in whichever framing.
      expect(await FRONTS.node('OPTIONS', '/play', 'nobody', { ...announced, 'content-length': '0' })).toBe(200)
      const framed = { ...announced, 'transfer-encoding': 'chunked' }
      expect(await FRONTS.node('OPTIONS', '/own-answers', 'nobody', framed)).toBe(401)
    }
    expect(await FRONTS[front]('OPTIONS', '/own-answers', 'nobody', { origin: announced.origin })).toBe(401)
    expect(await FRONTS[front]('OPTIONS', '/open', 'nobody', { origin: announced.origin })).toBe(405)
  })
})

test('what is thrown when a request has ended is told as a bug of ours, and blames no upstream', async () => {
  const before = bench.observed.length
  isLogBroken = true
  try {
    const headers: [string, string][] = [
      ['host', 'play.example.com'],
      ...credentials('player').map(([a, b]): [string, string] => [a, b]),
    ]
    await exchange(portOf(), { method: 'GET', path: '/play', headers }).catch(() => null)
  } finally {
    isLogBroken = false
  }
  const kinds = bench.observed.slice(before).map(({ kind }) => kind)
  expect(kinds).toContain('bug')
  expect(kinds).not.toContain('upstream-failed')
})
