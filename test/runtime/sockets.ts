import { io as connectIo } from 'socket.io-client'
import { beforeAll, expect, test } from 'vitest'
import type { Deployment } from '../support/deployment.ts'
import { guestOf } from '../support/guest.ts'
import { ask } from '../support/http.ts'
import { mustOpen, openSocket } from '../support/socket-client.ts'
import type { Visitor } from '../support/visitor.ts'
import type { Wire } from '../support/wire.ts'

/** A gateway, and the service behind it. */
export interface SocketPlace {
  readonly deployment: Deployment
  readonly wire: Wire
}

/** A ticket of a guest for the path of an address. */
export async function ticketOf(
  visitor: Visitor,
  url: string,
): Promise<{ readonly ticket: string; readonly protocol: string }> {
  const { origin, pathname } = new URL(url)
  const answer = await visitor.send(`${origin}/auth/ticket`, {
    method: 'POST',
    body: new URLSearchParams({ path: pathname }),
    headers: { origin },
  })
  if (answer.status !== 200) throw new Error(`no ticket: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as { ticket: string; protocol: string }
}

async function until(what: string, check: () => boolean): Promise<void> {
  for (let tries = 0; !check(); tries++) {
    if (tries > 200) throw new Error(`never happened: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** What live sockets do through Postern: the same on every runtime. */
export function socketTranscript(place: () => SocketPlace): void {
  let player: Visitor
  const url = (path: string) => `${place().deployment.gateway}${path}`
  const headersOf = (visitor: Visitor) => ({
    cookie: visitor.cookie(url('/')) ?? '',
    origin: place().deployment.gateway,
  })
  const open = (path: string, visitor = player) => mustOpen(url(path), { headers: headersOf(visitor) })

  beforeAll(async () => {
    player = await guestOf(place().deployment.gateway)
  })

  test('text passes both ways, in order', async () => {
    const socket = await open('/socket/text')
    for (const text of ['one', 'two', 'grüße 🎲']) socket.raw.send(text)
    expect([await socket.next(), await socket.next(), await socket.next()]).toEqual(['one', 'two', 'grüße 🎲'])
    socket.raw.close()
  })

  test('binary stays binary, a megabyte of it to the byte', async () => {
    const socket = await open('/socket/binary')
    const bytes = Buffer.from(Array.from({ length: 1024 * 1024 }, (_, i) => (i * 31) % 256))
    socket.raw.send(bytes)
    const got = await socket.next()
    expect(Buffer.isBuffer(got)).toBe(true)
    expect(bytes.equals(got as Buffer)).toBe(true)
    socket.raw.close()
  })

  test('messages in fragments arrive whole, from either side', async () => {
    const socket = await open('/socket/fragments')
    socket.raw.send('a', { fin: false })
    socket.raw.send('b', { fin: true })
    expect(await socket.next()).toBe('ab')
    socket.raw.send('fragments')
    expect(await socket.next()).toBe('one two three')
    socket.raw.close()
  })

  test('empty messages pass', async () => {
    const socket = await open('/socket/empty')
    socket.raw.send('')
    expect(await socket.next()).toBe('')
    socket.raw.send(Buffer.alloc(0))
    expect(await socket.next()).toEqual(Buffer.alloc(0))
    socket.raw.close()
  })

  test('what the service says first is not lost', async () => {
    const socket = await open('/socket/early')
    expect([await socket.next(), await socket.next(), await socket.next()]).toEqual(['first', 'second', 'third'])
    socket.raw.close()
  })

  test("the service's choice of subprotocol is the client's", async () => {
    const socket = await mustOpen(url('/socket/protocol'), {
      headers: headersOf(player),
      protocols: ['v1.game', 'v2.game'],
    })
    expect(socket.raw.protocol).toBe('v2.game')
    socket.raw.close()
  })

  test("close code and reason of the service are the client's", async () => {
    const socket = await open('/socket/closed-there')
    socket.raw.send('close:4321:the game is over ✓')
    expect(await socket.closed).toEqual({ code: 4321, reason: 'the game is over ✓' })
  })

  test("close code and reason of the client are the service's", async () => {
    const socket = await open('/socket/closed-here')
    socket.raw.close(4999, 'bored')
    await until('the service saw the close', () =>
      place().wire.closes.some(
        ({ path, code, reason }) => path === '/socket/closed-here' && code === 4999 && reason === 'bored',
      ),
    )
  })

  test('a close without a code stays one', async () => {
    const socket = await open('/socket/no-code')
    socket.raw.send('close')
    expect(await socket.closed).toEqual({ code: 1005, reason: '' })
  })

  test('a service that vanishes is told as 1011', async () => {
    const socket = await open('/socket/vanished')
    socket.raw.send('vanish')
    expect((await socket.closed).code).toBe(1011)
  })

  test('a client that vanishes ends the leg of the service', async () => {
    const socket = await open('/socket/cut')
    socket.raw.terminate()
    await until('the service saw the end', () => place().wire.closes.some(({ path }) => path === '/socket/cut'))
  })

  test("the refusal of the service is the client's", async () => {
    const opening = await openSocket(url('/socket/full'), { headers: headersOf(player) })
    expect(opening).toMatchObject({ kind: 'refused', status: 403, body: 'the room is full' })
    expect(opening.kind === 'refused' && opening.headers['x-room']).toBe('full')
    expect(opening.kind === 'refused' && opening.headers['set-cookie']).toEqual(['a=1', 'b=2'])
  })

  test('the service knows the player by signed identity and gets neither our cookie nor a forged header', async () => {
    const socket = await mustOpen(url('/socket/identity'), {
      headers: { ...headersOf(player), cookie: `theme=dark; ${player.cookie(url('/'))}`, 'postern-user': 'forged' },
    })
    const upgrade = place().wire.upgrades.find((request) => request.url === '/socket/identity')
    expect(upgrade?.headers['cookie']).toBe('theme=dark')
    expect(upgrade?.headers['postern-assertion']).toMatch(/^ey/)
    expect(upgrade?.headers['postern-user']).not.toContain('forged')
    socket.raw.close()
  })

  test('without a session: a plain 401 for programs', async () => {
    const opening = await openSocket(url('/socket/nobody'))
    expect(opening).toMatchObject({ kind: 'refused', status: 401 })
    expect(opening.kind === 'refused' && JSON.parse(opening.body)).toMatchObject({ code: 'session_required' })
  })

  test('without a session, where the rule says so: accepted and closed with 4401, for browsers', async () => {
    const socket = await mustOpen(url('/polite/nobody'), { protocols: ['v1.game'] })
    expect((await socket.closed).code).toBe(4401)
  })

  test('a foreign page cannot open a socket with the cookie (cross-site WebSocket hijacking)', async () => {
    const { cookie } = headersOf(player)
    const foreign = await openSocket(url('/socket/foreign'), { headers: { cookie, origin: 'http://evil.example' } })
    const without = await openSocket(url('/socket/foreign'), { headers: { cookie } })
    expect(foreign).toMatchObject({ kind: 'refused', status: 403 })
    expect(without).toMatchObject({ kind: 'refused', status: 403 })
  })

  test('a token needs no Origin', async () => {
    const socket = await mustOpen(url('/socket/token'), {
      headers: { authorization: 'Bearer robot-token-value-1234567890' },
    })
    socket.raw.send('hello')
    expect(await socket.next()).toBe('hello')
    socket.raw.close()
  })

  test('a one-time ticket opens a socket without cookie and Origin, once, and only at its path', async () => {
    const { ticket } = await ticketOf(player, url('/socket/ticket'))
    const socket = await mustOpen(url(`/socket/ticket?seat=4&postern_ticket=${ticket}&x`))
    socket.raw.send('hello')
    expect(await socket.next()).toBe('hello')
    expect(place().wire.upgrades.map((request) => request.url)).toContain('/socket/ticket?seat=4&x')
    expect(await openSocket(url(`/socket/ticket?postern_ticket=${ticket}`))).toMatchObject({ status: 401 })
    const other = await ticketOf(player, url('/socket/ticket'))
    expect(await openSocket(url(`/socket/other?postern_ticket=${other.ticket}`))).toMatchObject({ status: 401 })
    socket.raw.close()
  })

  test('a ticket as the only subprotocol is answered by us and unknown to the service, with a lease or without', async () => {
    for (const path of ['/socket/alone', '/loose/alone']) {
      const { protocol } = await ticketOf(player, url(path))
      const socket = await mustOpen(url(path), { protocols: [protocol] })
      expect(socket.raw.protocol).toBe(protocol)
      const upgrade = place().wire.upgrades.find((request) => request.url === path)
      expect(upgrade?.headers['sec-websocket-protocol']).toBeUndefined()
      socket.raw.close()
    }
    expect(place().deployment.output()).not.toContain('ptk_')
  })

  test("beside a ticket the service's choice of subprotocol is the client's", async () => {
    const { protocol } = await ticketOf(player, url('/socket/beside'))
    const socket = await mustOpen(url('/socket/beside'), { protocols: ['v1.game', protocol, 'v2.game'] })
    expect(socket.raw.protocol).toBe('v2.game')
    const upgrade = place().wire.upgrades.find((request) => request.url === '/socket/beside')
    expect(upgrade?.headers['sec-websocket-protocol']?.replaceAll(' ', '')).toBe('v1.game,v2.game')
    socket.raw.close()
  })

  test('signing out ends also what a ticket or a bearer opened, after it was judged again', async () => {
    const leaver = await guestOf(place().deployment.gateway)
    const { ticket } = await ticketOf(leaver, url('/socket/ticket-left'))
    const socket = await mustOpen(url(`/socket/ticket-left?postern_ticket=${ticket}`))
    const secret = /__Host-postern[^=;]*=([^;]+)/.exec(leaver.cookie(url('/')) ?? '')?.[1] ?? ''
    const authorization = `Bearer pss_${secret}`
    const byBearer = await mustOpen(url('/socket/bearer-left'), { headers: { authorization } })
    const upgrade = place().wire.upgrades.find((request) => request.url === '/socket/bearer-left')
    expect(JSON.stringify(upgrade?.rawHeaders)).not.toContain(secret)
    expect(upgrade?.headers['postern-assertion']).toMatch(/^ey/)
    for (const refused of [`Bearer ${secret}`, `${authorization}x`, `Token pss_${secret}`])
      expect(await openSocket(url('/socket/bearer'), { headers: { authorization: refused } })).toMatchObject({
        status: 401,
      })
    // Longer than one round of checks: what has no Origin must not be taken for a foreign page then.
    await new Promise((resolve) => setTimeout(resolve, 6_000))
    expect([socket.raw.readyState, byBearer.raw.readyState]).toEqual([socket.raw.OPEN, socket.raw.OPEN])
    const out = await ask(url('/auth/sign-out'), { method: 'POST', headers: { authorization } })
    expect([out.status, await out.json(), out.headers.getSetCookie()]).toEqual([200, { signed_out: 1 }, []])
    for (const one of [socket, byBearer]) expect(await one.closed).toEqual({ code: 4401, reason: 'signed out' })
    expect(place().deployment.output()).not.toContain(secret)
  })

  test('a socket without a lease passes all the same', async () => {
    const socket = await open('/loose/text')
    socket.raw.send('hello')
    expect(await socket.next()).toBe('hello')
    socket.raw.close(4000, 'done')
    expect(await socket.closed).toEqual({ code: 4000, reason: 'done' })
  })

  test('a socket with an age is told to come back', async () => {
    const socket = await open('/brief/aged')
    expect(await socket.closed).toEqual({ code: 1012, reason: 'reconnect' })
  })

  test('signing out closes the sockets of that session with 4401, and nobody else’s', async () => {
    const leaver = await guestOf(place().deployment.gateway)
    const leaving = [await open('/socket/leaving-1', leaver), await open('/socket/leaving-2', leaver)]
    const staying = await open('/socket/staying')
    const answer = await leaver.send(url('/auth/sign-out'), {
      method: 'POST',
      headers: { origin: place().deployment.gateway, accept: 'application/json' },
    })
    expect(answer.status).toBe(200)
    for (const socket of leaving) expect(await socket.closed).toEqual({ code: 4401, reason: 'signed out' })
    await until('the service saw both ends', () =>
      ['/socket/leaving-1', '/socket/leaving-2'].every((path) => place().wire.closes.some((one) => one.path === path)),
    )
    staying.raw.send('still here')
    expect(await staying.next()).toBe('still here')
    staying.raw.close()
  })

  test('a message beyond the bound closes with 1009 and nothing else breaks', async () => {
    const socket = await open('/socket/huge')
    socket.raw.send(Buffer.alloc(17 * 1024 * 1024))
    expect((await socket.closed).code).toBe(1009)
    expect((await ask(url('/auth/livez'))).status).toBe(200)
  })

  test('socket.io plays through, long polling first and then by socket', async () => {
    place().wire.io.on('connection', (client) => {
      client.on('move', (to: string, done: (answer: string) => void) => done(`moved ${to}`))
    })
    const client = connectIo(place().deployment.gateway, { extraHeaders: headersOf(player), reconnection: false })
    try {
      await new Promise<void>((resolve, reject) => {
        client.once('connect', resolve)
        client.once('connect_error', reject)
      })
      await new Promise<void>((resolve) => {
        if (client.io.engine.transport.name === 'websocket') resolve()
        else client.io.engine.once('upgrade', () => resolve())
      })
      expect(await client.emitWithAck('move', 'left')).toBe('moved left')
      expect(client.io.engine.transport.name).toBe('websocket')
    } finally {
      client.close()
    }
  })
}
