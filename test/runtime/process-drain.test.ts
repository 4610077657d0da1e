import { Agent, get } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { drainServer } from '../../src/runtime/process-drain.ts'
import { type SocketRoom, socketRoom } from '../support/socket-room.ts'

let place: SocketRoom | null = null
afterEach(async () => {
  await place?.stop()
  place = null
})

function answerOf(port: number, path: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ port, path, host: '127.0.0.1', agent }, (response) => {
      let body = ''
      response.on('data', (chunk) => (body += chunk))
      response.on('end', () => resolve(body))
      response.on('error', reject)
    }).on('error', reject)
  })
}

test('drainServer() answers what is in flight, lets kept connections go, ends sockets, and lets nobody new in', async () => {
  const room = await socketRoom()
  place = room
  room.server.on('request', (request, response) => {
    response.write('half ')
    setTimeout(() => response.end('whole'), request.url === '/slow' ? 800 : 0)
  })
  const agent = new Agent({ keepAlive: true })
  expect(await answerOf(room.port, '/quick', agent)).toBe('half whole')
  const slow = answerOf(room.port, '/slow', agent)
  const socket = await room.open('/room/1', await room.player())
  const since = Date.now()
  await drainServer(room.server, room.room)
  expect(await slow).toBe('half whole')
  expect(await socket.closed).toEqual({ code: 1012, reason: 'restarting' })
  expect(Date.now() - since).toBeLessThan(4_500)
  await expect(answerOf(room.port, '/late', new Agent())).rejects.toThrow('ECONNREFUSED')
  agent.destroy()
})

test('drainServer() cuts after ten seconds what does not end by itself', async () => {
  const room = await socketRoom()
  place = room
  room.server.on('request', (_request, response) => void response.write('for ever'))
  const endless = answerOf(room.port, '/endless', new Agent()).catch((error: Error) => error.message)
  await new Promise((resolve) => setTimeout(resolve, 100))
  const since = Date.now()
  await drainServer(room.server, room.room)
  expect(await endless).toBe('aborted')
  expect(Date.now() - since).toBeGreaterThan(9_900)
  expect(Date.now() - since).toBeLessThan(11_500)
})

test('drainServer() tells what was being opened when it began, as soon as it is open', async () => {
  const room = await socketRoom()
  place = room
  const release = room.wire.hold('/room/thinking')
  const opening = room.open('/room/thinking', await room.player())
  await expect.poll(() => room.wire.upgrades.length).toBe(1)
  const since = Date.now()
  const draining = drainServer(room.server, room.room)
  await new Promise((resolve) => setTimeout(resolve, 300))
  release()
  const socket = await opening
  expect(await socket.closed).toEqual({ code: 1012, reason: 'restarting' })
  await draining
  expect(Date.now() - since).toBeLessThan(9_000)
})
