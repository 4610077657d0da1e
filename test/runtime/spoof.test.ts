import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Demo, freePorts, startDemo } from '../support/demo.ts'
import { Visitor } from '../support/visitor.ts'

const NAMES = [
  ...new Set(
    readFileSync('test/corpora/headers-spoofed.txt', 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.slice(0, line.indexOf(':')))
      .filter((name) => /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)),
  ),
]

const AT_ONCE = 40

/** What one header carries here, so that its arrival shows. */
function marked(names: readonly string[]): readonly string[] {
  return names.map((name) => `${name}: forged-by-client`)
}

function* groups(): Generator<readonly string[]> {
  for (let at = 0; at < NAMES.length; at += AT_ONCE) yield NAMES.slice(at, at + AT_ONCE)
}

/** An upstream that keeps what it is sent, sockets included. */
class Recorder {
  readonly seen: { readonly path: string; readonly raw: readonly string[] }[] = []
  readonly server: Server = createServer((request, response) => {
    this.seen.push({ path: request.url ?? '', raw: request.rawHeaders })
    response.end('ok')
  })

  constructor() {
    this.server.on('upgrade', (request, socket) => {
      this.seen.push({ path: request.url ?? '', raw: request.rawHeaders })
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
    })
  }
}

function send(gateway: string, head: readonly string[]): Promise<string> {
  const { port } = new URL(gateway)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1')
    let answer = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      answer += chunk
      if (answer.includes('\r\n\r\n')) socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer.split('\r\n')[0] ?? ''))
    socket.write(`${head.join('\r\n')}\r\n\r\n`)
  })
}

for (const runtime of ['node', 'deno', 'workers']) {
  describe(`headers a client sends to be believed, on ${runtime}`, () => {
    const recorder = new Recorder()
    const visitor = new Visitor()
    let demo: Demo
    let host = ''

    beforeAll(async () => {
      const port = await freePorts(1)
      await new Promise<void>((resolve) => recorder.server.listen(port, '127.0.0.1', resolve))
      demo = await startDemo({ environment: { DEMO_RUNTIME: runtime, POSTERN_UPSTREAM_PORT: String(port) } })
      host = new URL(demo.gateway).host
      await visitor.signIn(demo.gateway, 'google', 'ada@players.example', '/players')
    }, 90_000)
    afterAll(async () => {
      await demo?.stop()
      recorder.server.close()
    }, 30_000)

    /** Sends every spoofed name to a path and answers how many requests arrived, and what of the client's did. */
    async function attack(
      path: string,
      more: readonly string[],
    ): Promise<{ readonly arrived: number; readonly forged: readonly string[] }> {
      recorder.seen.length = 0
      for (const names of groups()) {
        await send(demo.gateway, [`GET ${path} HTTP/1.1`, `Host: ${host}`, ...more, ...marked(names), ...marked(names)])
      }
      const forged = recorder.seen.flatMap(({ raw }) =>
        raw.filter((_, i) => raw[i + 1]?.includes('forged-by-client') === true),
      )
      return { arrived: recorder.seen.length, forged }
    }

    const wanted = Math.ceil(NAMES.length / AT_ONCE)

    test('none arrives on a public route', async () => {
      expect(await attack('/assets/x', [])).toEqual({ arrived: wanted, forged: [] })
    }, 60_000)

    test('none arrives beside a session, and ours do', async () => {
      const cookie = `Cookie: ${visitor.cookie(demo.gateway)}`
      expect(await attack('/players', [cookie])).toEqual({ arrived: wanted, forged: [] })
      for (const { raw } of recorder.seen) {
        const names = raw.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase())
        expect(names.filter((name) => name === 'postern-user')).toHaveLength(1)
        expect(names.filter((name) => name === 'postern-assertion')).toHaveLength(1)
      }
    }, 60_000)

    test('Connection cannot remove ours, whatever it lists', async () => {
      const cookie = `Cookie: ${visitor.cookie(demo.gateway)}`
      const listed =
        'Connection: keep-alive, Postern-User, POSTERN-ASSERTION, postern_roles, X-Forwarded-For, X-Forwarded-Host'
      expect(await attack('/players', [cookie, listed])).toEqual({ arrived: wanted, forged: [] })
      for (const { raw } of recorder.seen) {
        const names = raw.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase())
        expect(names).toContain('postern-user')
        expect(names).toContain('postern-assertion')
        expect(names).toContain('x-forwarded-host')
      }
    }, 60_000)

    test('none arrives with the upgrade of a socket', async () => {
      const upgrade = [
        `Cookie: ${visitor.cookie(demo.gateway)}`,
        `Origin: ${demo.gateway}`,
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ]
      expect(await attack('/process1/room1', upgrade)).toEqual({ arrived: wanted, forged: [] })
    }, 60_000)

    test('a folded header line is refused or harmless', async () => {
      recorder.seen.length = 0
      await send(demo.gateway, [
        'GET /assets/x HTTP/1.1',
        `Host: ${host}`,
        'X-Harmless: a',
        ' Postern-User: forged-by-client',
      ])
      const names = recorder.seen.flatMap(({ raw }) =>
        raw.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase()),
      )
      expect(names).not.toContain('postern-user')
    })
  })
}
