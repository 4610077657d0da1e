import { get } from 'node:http'
import { text } from 'node:stream/consumers'
import { Client, type Room } from '@colyseus/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type Game, startGame } from '../../deploy/demo/upstream/server.ts'
import { freePorts } from '../support/ports.ts'
import { startVoucher, type Voucher } from './vouching.ts'

const ADA = { id: 'u-ada', name: 'Ada Lindgren', role: 'padawan' }
const GRUNI = { id: 'u-gruni', name: 'Grünhild Söderberg', role: 'guild_leader' }

let voucher: Voucher
let stranger: Voucher
let game: Game
let base: string

beforeAll(async () => {
  voucher = await startVoucher()
  stranger = await startVoucher()
  const port = await freePorts(1)
  base = `http://127.0.0.1:${port}`
  const trust = { jwksUrl: voucher.jwksUrl, issuer: voucher.issuer, audience: 'game' }
  game = await startGame(port, trust, 'http://localhost:8787')
})
afterAll(async () => {
  await game.close()
  await Promise.all([voucher.close(), stranger.close()])
})

type Headers_ = Readonly<Record<string, string>>

function call(path: string, headers: Headers_ = {}, init: RequestInit = {}): Promise<Response> {
  return fetch(`${base}${path}`, { redirect: 'manual', ...init, headers: { ...headers } })
}

async function json(response: Response): Promise<Record<string, unknown>> {
  return (await response.json()) as Record<string, unknown>
}

describe('/whoami', () => {
  test('tells the player, the decoded name and that the assertion verifies', async () => {
    const seen = await json(await call('/whoami', await voucher.headersFor(GRUNI)))
    const player = { id: 'u-gruni', name: 'Grünhild Söderberg', role: 'guild_leader', guest: false, character: null }
    expect(seen).toMatchObject({ verified: true, player, proof: { kind: 'verified', claims: { sub: 'u-gruni' } } })
  })

  test('shows a character with its world', async () => {
    const character = { 'Postern-Character-Id': 'c1', 'Postern-Character-Name': 'Gr%C3%BCn', 'Postern-World': 'mire' }
    const seen = await json(await call('/whoami', { ...(await voucher.headersFor(ADA)), ...character }))
    expect(seen).toMatchObject({ player: { character: { id: 'c1', name: 'Grün', world: 'mire' } } })
  })

  test('an anonymous assertion proves that the gateway knows nobody', async () => {
    const assertion = await voucher.sign({ anonymous: true }, 'game#anonymous')
    const seen = await json(await call('/whoami', { 'Postern-Assertion': assertion }))
    expect(seen).toMatchObject({ verified: false, player: null, proof: { kind: 'anonymous' } })
  })

  test('reports headers as they came: case, order and repeats', async () => {
    const headers = ['Host', 'game', 'X-Two', '2', 'x-one', '1', 'X-Two', '3']
    const body = await new Promise<string>((resolve, reject) => {
      const request = get(`${base}/whoami`, { headers, agent: false }, (response) =>
        text(response).then(resolve, reject),
      )
      request.on('error', reject)
    })
    const pairs = (JSON.parse(body) as { headers: [string, string][] }).headers
    expect(pairs.filter(([name]) => /^x-/i.test(name))).toEqual([
      ['X-Two', '2'],
      ['x-one', '1'],
      ['X-Two', '3'],
    ])
  })
})

describe('records', () => {
  test('a header without an assertion opens nothing', async () => {
    const response = await call('/players', { 'Postern-User': 'u-ada', 'Postern-Roles': 'system_admin' })
    expect([response.status, await response.json()]).toEqual([401, { error: 'not_vouched_for', reason: 'missing' }])
  })

  test('an assertion of another key opens nothing', async () => {
    expect((await call('/players', await stranger.headersFor(ADA))).status).toBe(401)
  })

  test('an assertion for another service opens nothing', async () => {
    expect((await call('/players', await voucher.headersFor(ADA, 'wiki'))).status).toBe(401)
  })

  test('an anonymous assertion beside a name opens nothing', async () => {
    expect((await call('/players', await voucher.headersFor(ADA, 'game#anonymous'))).status).toBe(401)
  })

  test('the assertion of one player beside the name of another opens nothing', async () => {
    const headers = { ...(await voucher.headersFor(ADA)), 'Postern-User': 'u-gruni' }
    expect(await json(await call('/players', headers))).toMatchObject({
      reason: 'Postern-User is not the subject of the assertion',
    })
  })

  test('a vouched-for player reads, changes and deletes', async () => {
    const headers = await voucher.headersFor(ADA)
    const change = { method: 'PATCH', body: JSON.stringify({ level: 5 }) }
    expect(await json(await call('/players/1', headers, change))).toMatchObject({ id: '1', name: 'Thistle', level: 5 })
    expect((await call('/players/1', headers, { method: 'DELETE' })).status).toBe(204)
    expect((await call('/players/1', headers)).status).toBe(404)
    expect((await json(await call('/admin/reports', headers)))['readBy']).toBe('u-ada')
  })

  test('a body that is not a JSON object is 400', async () => {
    const headers = await voucher.headersFor(ADA)
    expect((await call('/players/2', headers, { method: 'PATCH', body: '[1]' })).status).toBe(400)
  })
})

describe('pages', () => {
  test('the page and what it loads are there', async () => {
    const answers = await Promise.all(
      ['/play', '/assets/page.js', '/assets/page.css', '/assets/colyseus.js'].map((path) => call(path)),
    )
    expect(answers.map((response) => response.status)).toEqual([200, 200, 200, 200])
    expect(answers[0]?.headers.get('content-security-policy')).toContain("default-src 'self'")
  })

  test('only the pages of the gateway may read across origins', async () => {
    const response = await call('/whoami', { Origin: 'https://evil.example' })
    expect(response.headers.get('access-control-allow-origin')).toBe('http://localhost:8787')
  })
})

describe('/echo', () => {
  test('gives the body back and reports the raw target', async () => {
    const response = await call(
      '/echo/a%20b?x=%7B',
      { 'content-type': 'text/x' },
      { method: 'POST', body: 'some text' },
    )
    const report = JSON.parse(Buffer.from(response.headers.get('echo-request') ?? '', 'base64url').toString())
    expect([await response.text(), response.headers.get('content-type'), report.target, report.method]).toEqual([
      'some text',
      'text/x',
      '/echo/a%20b?x=%7B',
      'POST',
    ])
  })

  test('answers the status that is asked for', async () => {
    const codes = await Promise.all(['204', '304', '418', '503', '99'].map((code) => call(`/echo/status/${code}`)))
    expect(codes.map((response) => response.status)).toEqual([204, 304, 418, 503, 400])
  })

  test('redirects as told', async () => {
    const response = await call('/echo/redirect?to=https://elsewhere.example/x&status=307')
    expect([response.status, response.headers.get('location')]).toEqual([307, 'https://elsewhere.example/x'])
  })

  test('sets every cookie it is asked to', async () => {
    const response = await call('/echo/cookies?set=a%3D1&set=b%3D2', { cookie: 'c=3' })
    expect([response.headers.getSetCookie(), (await json(response))['received']]).toEqual([['a=1', 'b=2'], 'c=3'])
  })

  test('streams events and bytes', async () => {
    const events = await (await call('/echo/sse?count=2&every=1')).text()
    const bytes = await (await call('/echo/big?bytes=200000')).arrayBuffer()
    expect([events.match(/event: tick/g)?.length, bytes.byteLength]).toEqual([2, 200_000])
  })

  test('answers a range and a matching tag', async () => {
    const range = await call('/echo/range', { range: 'bytes=2-4' })
    const tag = await call('/echo/etag', { 'if-none-match': '"v1"' })
    expect([range.status, await range.text(), tag.status]).toEqual([206, '234', 304])
  })
})

describe('the arena', () => {
  interface Said {
    readonly from: string
    readonly text: string
  }

  async function join(headers: Headers_): Promise<Room> {
    const room = await new Client(base, { headers: { ...headers } }).joinOrCreate('arena')
    for (const type of ['history', 'said']) room.onMessage(type, () => {})
    return room
  }

  const nextSaid = (room: Room): Promise<Said> => new Promise((resolve) => room.onMessage('said', resolve))

  const until = (
    room: Room,
    holds: (state: { fighters: Map<string, { name: string; x: number; y: number }> }) => boolean,
  ): Promise<void> =>
    new Promise((resolve) => {
      if (room.state?.fighters !== undefined && holds(room.state)) resolve()
      room.onStateChange((state) => (holds(state) ? resolve() : undefined))
    })

  test('two players meet, talk and move, under the names of their upgrade requests', async () => {
    const ada = await join(await voucher.headersFor(ADA))
    const gruni = await join(await voucher.headersFor(GRUNI))
    const heard = nextSaid(ada)
    gruni.send('say', { text: '  hello  ' })
    expect(await heard).toMatchObject({ from: 'Grünhild Söderberg', text: 'hello' })
    await until(ada, ({ fighters }) => fighters.size === 2)
    const names = [...ada.state.fighters.values()].map(({ name }: { name: string }) => name)
    expect(names.sort()).toEqual(['Ada Lindgren', 'Grünhild Söderberg'])
    const before = ada.state.fighters.get(gruni.sessionId).x
    gruni.send('move', { to: 'right' })
    await until(ada, ({ fighters }) => fighters.get(gruni.sessionId)?.x === before + 1)
    await Promise.all([ada.leave(), gruni.leave()])
  })

  test('a forged name gets no seat', async () => {
    await expect(join({ 'Postern-User': 'u-ada', 'Postern-Name': 'Ada' })).rejects.toThrow(/vouch/)
  })

  test('a seat is nobody’s without a vouched-for socket', async () => {
    const headers = { 'content-type': 'application/json', ...(await voucher.headersFor(ADA)) }
    const seat = await json(await call('/matchmake/joinOrCreate/arena', headers, { method: 'POST', body: '{}' }))
    const { processId, roomId, sessionId } = seat as Record<string, string>
    const socket = new WebSocket(`${base.replace('http', 'ws')}/${processId}/${roomId}?sessionId=${sessionId}`)
    const status = await new Promise((resolve) => {
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode))
      socket.on('open', () => resolve('open'))
    })
    expect(status).toBe(401)
  })

  test('the socket names the player, whoever reserved the seat', async () => {
    const headers = { 'content-type': 'application/json', ...(await voucher.headersFor(ADA)) }
    const seat = await json(await call('/matchmake/create/arena', headers, { method: 'POST', body: '{}' }))
    const client = new Client(base, { headers: await voucher.headersFor(GRUNI) })
    const room = await client.consumeSeatReservation(seat as never)
    room.onMessage('history', () => {})
    const heard = nextSaid(room)
    room.send('say', { text: 'who am I?' })
    expect((await heard).from).toBe('Grünhild Söderberg')
    await room.leave()
  })
})
