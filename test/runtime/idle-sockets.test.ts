import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, expect, test } from 'vitest'
import { type Crowd, startCrowd } from '../support/crowd.ts'
import { type SocketRoom, socketRoom } from '../support/socket-room.ts'

// What many sockets cost the process that holds them. The players are another process; the service is this one, so that
// both its end and the gateway's are in the figure. `npm run bench -- sockets` measures a gateway alone.

const SOCKETS = 500
const EACH_SESSION = 50
/** Of a gateway's socket and the service's together; a buffer of 64 KB that stays with each socket breaks it. */
const LIMIT_KB = 48

let place: SocketRoom | null = null
let crowd: Crowd | null = null
afterEach(async () => {
  crowd?.stop()
  await place?.stop()
  ;[place, crowd] = [null, null]
})

function collected(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let round = 0; round < 4; round++) collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

async function enter(room: SocketRoom, players: Crowd, count: number, name: string): Promise<number> {
  let open = 0
  for (let from = 0; from < count; from += EACH_SESSION) {
    const headers = await room.player()
    const at = (n: number) => `http://127.0.0.1:${room.port}/room/${name}-${from + n}`
    open = await players.open(
      Array.from({ length: EACH_SESSION }, (_, n) => at(n)),
      headers,
      'deflate',
    )
  }
  return open
}

test('500 sockets that have talked keep little memory each, and their messages cost no store read', async () => {
  const room = await socketRoom()
  const players = startCrowd()
  ;[place, crowd] = [room, players]
  await enter(room, players, EACH_SESSION, 'first')
  await players.talk('warm')
  const empty = collected()
  expect(await enter(room, players, SOCKETS, 'idle')).toBe(SOCKETS + EACH_SESSION)
  await room.bench.settle()
  // WHY: checks of leases read by the clock, not by the message; none may fall into what is counted.
  room.room.leases.stop()
  room.bench.calls.length = 0
  expect(await players.talk('a move of a player')).toBe(SOCKETS + EACH_SESSION)
  await room.bench.settle()
  expect(room.bench.calls.filter((call) => call !== 'sessions.extend')).toEqual([])
  const each = (collected() - empty) / SOCKETS / 1024
  expect(each).toBeGreaterThan(1)
  expect(each).toBeLessThan(LIMIT_KB)
  expect(room.room.open.size).toBe(SOCKETS + EACH_SESSION)
}, 60_000)

test('sockets that are gone leave nothing behind', async () => {
  const room = await socketRoom()
  const players = startCrowd()
  ;[place, crowd] = [room, players]
  await enter(room, players, EACH_SESSION, 'gone')
  expect(room.room.open.size).toBe(EACH_SESSION)
  await players.leave()
  await expect.poll(() => [room.room.open.size, room.room.leases.size], { timeout: 10_000 }).toEqual([0, 0])
})

test('players have compression where their service gives it, and what they say arrives either way', async () => {
  const room = await socketRoom({}, 'on')
  place = room
  const long = 'a long story '.repeat(5_000)
  const socket = await room.open('/room/pressed', await room.player())
  expect(socket.raw.extensions).toContain('permessage-deflate')
  expect(room.wire.live.get('/room/pressed')?.extensions).toContain('permessage-deflate')
  for (const text of ['short', long]) {
    socket.raw.send(text)
    expect(await socket.next()).toBe(text)
  }
  socket.raw.close()
})

test('where the service gives no compression, or the client offers none, there is none', async () => {
  const [plain, pressed] = [await socketRoom(), await socketRoom({}, 'on')]
  place = plain
  const socket = await plain.open('/room/plain', await plain.player())
  expect(socket.raw.extensions).toBe('')
  const { cookie = '', origin = '', host = '' } = await pressed.player()
  const url = `ws://127.0.0.1:${pressed.port}/room/none`
  const { WebSocket } = await import('ws')
  const bare = new WebSocket(url, { headers: { cookie, origin, host }, perMessageDeflate: false })
  await new Promise((resolve, reject) => bare.once('open', resolve).once('error', reject))
  expect([bare.extensions, pressed.wire.live.get('/room/none')?.extensions]).toEqual(['', ''])
  bare.terminate()
  await pressed.stop()
})
