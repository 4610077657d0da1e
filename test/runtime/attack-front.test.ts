import { createServer, type Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { type Demo, startDemo } from '../support/demo.ts'
import { freePorts } from '../support/ports.ts'
import { Visitor } from '../support/visitor.ts'

/** An upstream that keeps every target it is asked for and every socket it has open. */
class Recorder {
  readonly seen: string[] = []
  readonly sockets: WebSocketServer = new WebSocketServer({ noServer: true })
  readonly server: Server = createServer((request, response) => {
    this.seen.push(request.url ?? '')
    response.end('from-upstream')
  })

  constructor() {
    this.server.on('upgrade', (request, socket, head) => {
      this.seen.push(request.url ?? '')
      this.sockets.handleUpgrade(request, socket as Socket, head, () => undefined)
    })
  }
}

/** The status of the first answer to exactly these bytes; 0 when the connection was closed without one. */
function statusOf(gateway: string, bytes: string): Promise<number> {
  const { port } = new URL(gateway)
  return new Promise((resolve) => {
    const socket = connect(Number(port), '127.0.0.1')
    let answer = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      answer += chunk
      if (answer.includes('\r\n\r\n') && !answer.startsWith('HTTP/1.1 100')) socket.destroy()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(Number(/^HTTP\/1\.\d (\d+)/.exec(answer)?.[1] ?? 0)))
    socket.write(Buffer.from(bytes, 'latin1'))
  })
}

async function until(check: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 40 && !check(); tries++) await new Promise((resolve) => setTimeout(resolve, 50))
  return check()
}

for (const runtime of ['node', 'deno', 'workers']) {
  describe(`the front of ${runtime}`, () => {
    const upstream = new Recorder()
    const visitor = new Visitor()
    let demo: Demo
    let host = ''
    let cookie = ''

    beforeAll(async () => {
      const port = await freePorts(1)
      await new Promise<void>((resolve) => upstream.server.listen(port, '127.0.0.1', resolve))
      demo = await startDemo({ environment: { DEMO_RUNTIME: runtime, POSTERN_UPSTREAM_PORT: String(port) } })
      host = new URL(demo.gateway).host
      await visitor.signIn(demo.gateway, 'google', 'ada@players.example', '/players')
      cookie = `Cookie: ${visitor.cookie(demo.gateway)}`
    }, 90_000)
    afterAll(async () => {
      await demo?.stop()
      upstream.sockets.close()
      upstream.server.close()
    }, 30_000)

    const get = (target: string, more: readonly string[] = []) =>
      statusOf(demo.gateway, [`GET ${target} HTTP/1.1`, `Host: ${host}`, cookie, ...more, '', ''].join('\r\n'))
    const handshake = (key: string) => [
      `Origin: ${demo.gateway}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${key}`,
    ]

    test.each(['/auth/room', '/%61uth/room', '/a%75th/room', '/auth/%72oom', '/auth', '/auth/', '/%61uth'])(
      '%s is ours and never reaches an upstream (CVE-2026-47676, GHSA-x732-6j76-qmhm)',
      async (target) => {
        upstream.seen.length = 0
        expect(await get(target)).toBe(404)
        expect(upstream.seen).toEqual([])
      },
    )

    test.each(['/auth/room', '/%61uth/room'])('nor does a socket at %s (CVE-2026-44578)', async (target) => {
      upstream.seen.length = 0
      expect(await get(target, handshake('dGhlIHNhbXBsZSBub25jZQ=='))).toBe(404)
      expect(upstream.seen).toEqual([])
    })

    test('another spelling of an endpoint is that endpoint', async () => {
      expect(await get('/%61uth/session')).toBe(200)
    })

    test('a handshake that cannot be finished leaves no socket open behind us (CVE-2026-73565)', async () => {
      for (let i = 0; i < 20; i++) await get('/process1/room1', handshake('not-a-key'))
      expect(await until(() => upstream.sockets.clients.size === 0)).toBe(true)
    })
  })
}
