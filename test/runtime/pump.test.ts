import { connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { endAll } from '../../src/runtime/node-pump.ts'
import { type SocketRoom, socketRoom } from '../support/socket-room.ts'

// The socket front of Node in this process, where a test can count, hold back and look inside.

let place: SocketRoom | null = null
afterEach(async () => {
  await place?.stop()
  place = null
})

async function started(...settings: Parameters<typeof socketRoom>): Promise<SocketRoom> {
  place = await socketRoom(...settings)
  return place
}

async function until(what: string, check: () => boolean, tries = 300): Promise<void> {
  for (let left = tries; !check(); left--) {
    if (left === 0) throw new Error(`never happened: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** A client that does the handshake by hand and then reads nothing, or answers nothing. */
async function rawClient(
  room: SocketRoom,
  path: string,
  headers: Readonly<Record<string, string>>,
  options: { readonly allowHalfOpen?: true } = {},
) {
  const socket = connect({ port: room.port, host: '127.0.0.1', ...options })
  const lines = Object.entries({
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
  const head = await new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString('latin1'))))
  return { socket, head }
}

test('a thousand messages cost no store read, and activity is written once at most', async () => {
  const room = await started()
  const socket = await room.open('/room/busy', await room.player())
  await room.bench.settle()
  room.bench.calls.length = 0
  for (let n = 0; n < 1_000; n++) socket.raw.send(`message ${n}`)
  for (let n = 0; n < 1_000; n++) expect(await socket.next()).toBe(`message ${n}`)
  await room.bench.settle()
  expect(room.bench.calls.filter((call) => call !== 'sessions.extend')).toEqual([])
  expect(room.bench.calls.length).toBeLessThanOrEqual(1)
})

test('a socket that is ended here is told of with the code its client got, whichever side answers first', async () => {
  const room = await started()
  const headers = await room.player()
  for (let n = 0; n < 5; n++) {
    const socket = await room.open(`/room/${n}`, headers)
    // WHY: a client that is slow to answer, as one far away is.
    socket.raw.pause()
  }
  for (const end of room.room.open) end({ code: 4401, reason: 'signed out' })
  await until('all have ended', () => room.room.open.size === 0)
  const ends = room.bench.observed.filter(({ kind }) => kind === 'socket-closed')
  expect(ends).toEqual(Array.from({ length: 5 }, () => expect.objectContaining({ code: 4401, by: 'gateway' })))
})

test('five sockets of one session are judged together: one store read an interval', async () => {
  const room = await started()
  const headers = await room.player()
  for (let n = 0; n < 5; n++) await room.open(`/quiet/${n}`, headers)
  await room.bench.settle()
  room.bench.calls.length = 0
  await until('a round of checks', () => room.bench.calls.length > 0)
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(room.bench.calls).toEqual(['sessions.read'])
})

test('a client that reads nothing holds the service back, fills no memory, and is ended with 1013', async () => {
  const room = await started()
  const { socket } = await rawClient(room, '/room/slow', await room.player())
  socket.pause()
  await until('the service has it', () => room.wire.live.has('/room/slow'))
  const service = room.wire.live.get('/room/slow')
  const chunk = Buffer.alloc(256 * 1024)
  const before = process.memoryUsage()
  let sent = 0
  // WHY: the service sends only what the gateway takes from it: its own queue is looked at, so that the test keeps none.
  const pushing = setInterval(() => {
    while (service !== undefined && service.readyState === service.OPEN && service.bufferedAmount < 1024 * 1024) {
      service.send(chunk)
      sent += chunk.length
    }
  }, 5)
  await until('the stuck client was ended', () => !room.wire.live.has('/room/slow'), 400)
  clearInterval(pushing)
  const after = process.memoryUsage()
  expect(sent).toBeLessThan(40 * 1024 * 1024)
  expect(after.external + after.heapUsed - before.external - before.heapUsed).toBeLessThan(40 * 1024 * 1024)
  const bytes: Buffer[] = []
  socket.on('data', (data) => bytes.push(data as Buffer))
  socket.resume()
  await until('the close frame came behind what waited', () => Buffer.concat(bytes).includes('too slow'))
  expect(Buffer.concat(bytes).subarray(-12)).toEqual(
    Buffer.concat([Buffer.from([0x88, 10, 0x03, 0xf5]), Buffer.from('too slow')]),
  )
  socket.destroy()
}, 40_000)

test('a client that reads slowly gets every byte', async () => {
  const room = await started()
  const socket = await room.open('/room/steady', await room.player())
  await until('the service has it', () => room.wire.live.has('/room/steady'))
  const service = room.wire.live.get('/room/steady')
  for (let n = 0; n < 64; n++) service?.send(Buffer.alloc(256 * 1024, n))
  for (let n = 0; n < 64; n++) {
    socket.raw.pause()
    await new Promise((resolve) => setTimeout(resolve, 10))
    socket.raw.resume()
    const got = (await socket.next()) as Buffer
    expect([got.length, got[0]]).toEqual([256 * 1024, n])
  }
  socket.raw.close()
})

test('a client that answers no ping is cut, one that does stays', async () => {
  const room = await started({ pingEvery: 0.3 })
  const headers = await room.player()
  const alive = await room.open('/room/alive', headers)
  const { socket } = await rawClient(room, '/room/dead', headers)
  await until('the service has it', () => room.wire.live.has('/room/dead'))
  await until('the dead one was cut', () => !room.wire.live.has('/room/dead'))
  expect(room.wire.closes.find(({ path }) => path === '/room/dead')?.code).toBe(1011)
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  alive.raw.send('still here')
  expect(await alive.next()).toBe('still here')
  socket.destroy()
})

test('a service that answers no ping is cut, and its client told with 1011', async () => {
  const room = await started({ pingEvery: 0.3 })
  const socket = await room.open('/room/silent', await room.player())
  room.wire.live.get('/room/silent')?.pause()
  expect((await socket.closed).code).toBe(1011)
})

test('the largest message is a setting: one byte more is 1009, either way', async () => {
  const room = await started({ maxMessage: 2_048 })
  const headers = await room.player()
  const fits = await room.open('/room/fits', headers)
  fits.raw.send('x'.repeat(2_048))
  expect(await fits.next()).toHaveLength(2_048)
  const here = await room.open('/room/here', headers)
  here.raw.send('x'.repeat(2_049))
  expect((await here.closed).code).toBe(1009)
  const there = await room.open('/room/there', headers)
  await until('the service has it', () => room.wire.live.has('/room/there'))
  room.wire.live.get('/room/there')?.send('x'.repeat(2_049))
  expect((await there.closed).code).toBe(1009)
  await until('the service is told', () =>
    room.wire.closes.some(({ path, code }) => path === '/room/there' && code === 1009),
  )
})

test('a session has so many sockets and no more; one that closes makes room; others have their own', async () => {
  const room = await started({ perSession: 2 })
  const [ada, sol] = [await room.player(), await room.player()]
  const first = await room.open('/room/1', ada)
  await room.open('/room/2', ada)
  room.bench.observed.length = 0
  expect(await room.ask('/room/3', ada)).toMatchObject({ kind: 'refused', status: 429 })
  expect(room.bench.observed).toContainEqual(expect.objectContaining({ status: 429, code: 'rate_limited' }))
  await room.open('/room/4', sol)
  first.raw.close()
  await first.closed
  await until('it is forgotten', () => room.room.leases.size === 2)
  await room.open('/room/5', ada)
})

test('sockets that are being opened count: a crowd at once is no more than a session may have', async () => {
  const room = await started({ perSession: 2 })
  const headers = await room.player()
  const release = room.wire.hold('/room/crowd')
  const crowd = Array.from({ length: 8 }, () => room.ask('/room/crowd', headers))
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(room.wire.upgrades).toHaveLength(2)
  release()
  const kinds = (await Promise.all(crowd)).map((one) => (one.kind === 'open' ? 101 : one.status))
  expect(kinds.toSorted()).toEqual([101, 101, 429, 429, 429, 429, 429, 429])
})

test('an opening that comes to nothing leaves its place to the next', async () => {
  const room = await started({ perSession: 1 })
  const headers = await room.player()
  for (let n = 0; n < 3; n++) expect(await room.ask('/room/full', headers)).toMatchObject({ status: 403 })
  const release = room.wire.hold('/hasty/never')
  for (let n = 0; n < 2; n++) expect(await room.ask('/hasty/never', headers)).toMatchObject({ status: 504 })
  release()
  await room.open('/room/1', headers)
})

test('what is no handshake costs no store read and no connection of the service', async () => {
  const room = await started()
  const headers = await room.player()
  room.bench.calls.length = 0
  for (const bad of [{ 'sec-websocket-key': 'short' }, { 'sec-websocket-key': '' }, { 'sec-websocket-version': '8' }]) {
    const { socket, head } = await rawClient(room, '/room/bad', { ...headers, ...bad })
    expect(head).toMatch(/^HTTP\/1\.1 400 /)
    socket.destroy()
  }
  expect(room.bench.calls).toEqual([])
  expect(room.wire.upgrades).toEqual([])
})

test('a refused client that keeps its half of the connection open is let go all the same', async () => {
  const room = await started()
  const connections = () => new Promise<number>((resolve) => room.server.getConnections((_, count) => resolve(count)))
  const { host = '', ...player } = await room.player()
  const refused = [
    ['/room/nobody', { host }],
    ['/room/full', { host, ...player }],
  ] as const
  const ends = refused.map(([path, headers]) => rawClient(room, path, headers, { allowHalfOpen: true }))
  for (const { head } of await Promise.all(ends)) expect(head).toMatch(/^HTTP\/1\.1 40[13] /)
  await expect.poll(connections, { timeout: 5_000 }).toBe(0)
  for (const { socket } of await Promise.all(ends)) socket.destroy()
})

test('upgrades to something else, by another method, or with a body of their own open no tunnel', async () => {
  const room = await started()
  const headers = await room.player()
  for (const bad of [{ upgrade: 'h2c' }, { upgrade: 'websocket, h2c' }, { upgrade: 'TLS/1.0' }]) {
    const { socket, head } = await rawClient(room, '/room/bad', { ...headers, ...bad })
    expect(head).toMatch(/^HTTP\/1\.1 400 /)
    socket.destroy()
  }
  const absolute = await rawClient(room, 'http://127.0.0.1:1/room/bad', headers)
  expect(absolute.head).toMatch(/^HTTP\/1\.1 400 /)
  absolute.socket.destroy()
  expect(room.wire.upgrades).toEqual([])
})

test('a service that does not answer is 504 within the time of its rule', async () => {
  const room = await started()
  const release = room.wire.hold('/hasty/never')
  const since = Date.now()
  expect(await room.ask('/hasty/never', await room.player())).toMatchObject({ kind: 'refused', status: 504 })
  expect(Date.now() - since).toBeLessThan(1_900)
  release()
})

test('a client that leaves while the service thinks leaves nothing behind', async () => {
  const room = await started()
  const release = room.wire.hold('/room/late')
  const headers = await room.player()
  const clients = Array.from({ length: 20 }, () => connect(room.port, '127.0.0.1'))
  for (const socket of clients) {
    socket.on('error', () => undefined)
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    const handshake = 'connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n'
    socket.write(
      `GET /room/late HTTP/1.1\r\n${handshake}sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n${lines.join('')}\r\n`,
    )
  }
  await until('the service was asked', () => room.wire.upgrades.length === 20)
  for (const socket of clients) socket.destroy()
  release()
  await until('every leg ended', () => room.wire.closes.length === 20)
  expect(room.room.leases.size).toBe(0)
  expect(room.room.open.size).toBe(0)
})

test('counters say what is open, was opened, was refused, and how it closed', async () => {
  const room = await started()
  const headers = await room.player()
  const [one] = [await room.open('/room/1', headers), await room.open('/open/2', {})]
  await room.ask('/room/3', {})
  await room.ask('/room/full', headers)
  one?.raw.close(4000)
  await one?.closed
  await until('it is counted', () => room.bench.gateway.metrics.sockets().open === 1)
  expect(room.bench.gateway.metrics.sockets()).toEqual({ open: 1, opened: 2, refused: 2, closed: { 4000: 1 } })
})

test('at the end of a process sockets are told to come back, spread out, and nobody new is let in', async () => {
  const room = await started()
  const headers = await room.player()
  const sockets = await Promise.all(Array.from({ length: 20 }, (_, n) => room.open(`/room/${n}`, headers)))
  const times: number[] = []
  const ends = sockets.map(async (socket) => {
    expect(await socket.closed).toEqual({ code: 1012, reason: 'restarting' })
    times.push(Date.now())
  })
  room.front.refuseNew()
  await endAll(room.room, { code: 1012, reason: 'restarting' }, 1_000)
  expect(room.room.open.size).toBe(0)
  await Promise.all(ends)
  expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(300)
  expect(await room.ask('/room/late', headers)).toMatchObject({ kind: 'refused', status: 503 })
})
