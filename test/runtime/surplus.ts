import { createServer, type Server, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { RuntimeName } from '../support/deployment.ts'
import { exchange } from '../support/exchange.ts'
import { head, openRaw } from '../support/raw.ts'
import type { HopPlace } from './hop.ts'

const FORGED = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged'

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

interface Surplus {
  readonly name: string
  readonly method?: 'HEAD'
  readonly atOnce: string
  /** Written some time after. */
  readonly later?: string
  /** workerd gives it to whoever asks next, by design of its HTTP library: told to operators (docs/operations.md). */
  readonly lostOnWorkerd?: true
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const LENGTH = `Content-Length: ${FORGED.length}`
const UPGRADE = 'Connection: upgrade\r\nUpgrade: x'

/** What a service writes on its connection beyond its answer. */
const SURPLUS: readonly Surplus[] = [
  { name: 'an answer nobody asked for', atOnce: `${OK}${FORGED}`, lostOnWorkerd: true },
  { name: 'the same a little later', atOnce: OK, later: FORGED, lostOnWorkerd: true },
  { name: 'bytes beyond the length', atOnce: `${OK}\r\n\r\n${FORGED}` },
  {
    name: 'what follows the last chunk',
    atOnce: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n${FORGED}`,
    lostOnWorkerd: true,
  },
  { name: 'a body after 204', atOnce: `HTTP/1.1 204 No Content\r\n\r\n${FORGED}`, lostOnWorkerd: true },
  { name: 'a body after 304', atOnce: `HTTP/1.1 304 Not Modified\r\n${LENGTH}\r\n\r\n${FORGED}`, lostOnWorkerd: true },
  {
    name: 'a body after HEAD',
    method: 'HEAD',
    atOnce: `HTTP/1.1 200 OK\r\n${LENGTH}\r\n\r\n${FORGED}`,
    lostOnWorkerd: true,
  },
  { name: 'a hint, an answer and one more', atOnce: `HTTP/1.1 103 Early Hints\r\n\r\n${OK}${FORGED}` },
  { name: 'a 101 that nobody asked for', atOnce: `HTTP/1.1 101 Switching Protocols\r\n${UPGRADE}\r\n\r\n${FORGED}` },
]

/**
 * Bytes of a service that belong to no answer never become the answer of whoever asks next on the same connection
 * (undici GHSA of 2026: one user's answer on another user's request). The same on every runtime,
 * but for what workerd alone decides.
 */
export function surplusTranscript(place: () => HopPlace, runtime: RuntimeName): void {
  const get = (path: string, method = 'GET') => {
    const { port } = place().deployment
    return exchange(port, { method, path, headers: [['host', `localhost:${port}`]] })
  }
  let [atOnce, later] = ['', '']
  const sockets = new Set<Socket>()
  let server: Server | null = null

  /** A service of bytes: it answers one request after the other on a connection, and `/first` with what it must not. */
  function serve(socket: Socket): void {
    sockets.add(socket)
    let got = ''
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1')
      for (let end = got.indexOf('\r\n\r\n'); end !== -1; end = got.indexOf('\r\n\r\n')) {
        const [, path = ''] = got.split(' ', 2)
        got = got.slice(end + 4)
        if (!path.endsWith('/first')) socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`)
        else {
          socket.write(atOnce)
          if (later !== '') setTimeout(() => socket.write(later), 60)
        }
      }
    })
  }
  beforeAll(async () => {
    const open = createServer(serve)
    server = open
    await new Promise<void>((resolve) => open.listen(place().nowhere, '127.0.0.1', resolve))
  })
  // What a connection still has in it is the matter of that test alone.
  afterEach(() => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  })
  afterAll(async () => {
    await new Promise((resolve) => server?.close(resolve))
  })

  const known = SURPLUS.filter(({ lostOnWorkerd }) => runtime !== 'workerd' || lostOnWorkerd === undefined)
  test.each(known)('$name is nobody’s answer', async ({ method, ...surplus }) => {
    ;({ atOnce, later = '' } = surplus)
    for (let round = 0; round < 3; round++) {
      await get('/gone/first', method).catch(() => null)
      if (later !== '') await pause(120)
      const paths = Array.from({ length: 6 }, (_one, index) => `/gone/${round}-${index}`)
      const answers = await Promise.all(paths.map((path) => get(path)))
      const texts = answers.map(({ body }) => Buffer.from(body, 'base64').toString())
      expect(texts.join()).not.toContain('forged')
      // A connection that broke may cost somebody a 502; whatever is no refusal of ours is the answer to that request.
      for (const [index, { status }] of answers.entries())
        expect([status, texts[index]]).toEqual(status === 502 ? [502, texts[index]] : [200, paths[index]])
    }
  })

  // RFC 9110 section 15: three digits, the first of them 1 to 5; what is above passes as it came where it is streamed.
  test.each(['0', '20', '099', '2000'])('%s is no status: 502', async (status) => {
    ;[atOnce, later] = [`HTTP/1.1 ${status} Odd\r\nContent-Length: 2\r\n\r\nok`, '']
    const { port } = place().deployment
    const client = openRaw(port)
    client.write(head('GET /gone/first', port, 'Connection: close'))
    const text = await client.until((got) => got.includes('request_id'))
    expect(text).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/)
    expect(text).toContain('http_protocol_error')
    client.socket.destroy()
    expect((await get('/gone/next')).status).toBe(200)
  })

  test('an answer may have 60 KB of headers', async () => {
    const [name, value] = ['x-long', 'a'.repeat(60_000)]
    ;[atOnce, later] = [`HTTP/1.1 200 OK\r\n${name}: ${value}\r\nContent-Length: 2\r\n\r\nok`, '']
    const { port } = place().deployment
    const client = openRaw(port)
    client.write(head('GET /gone/first', port, 'Connection: close'))
    const text = await client.closed
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(text.toLowerCase()).toContain(`${name}: ${value}\r\n`)
  })
}
