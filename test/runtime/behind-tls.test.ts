import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { type AddressInfo, connect as connectPlain, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { canonicalTarget } from '../../src/core/target.ts'
import { corpus } from '../support/corpus.ts'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { bodyOf } from '../support/exchange.ts'
import { type RunningFront, startTlsCaddy, startTlsNginx } from '../support/front-proxy.ts'
import { freePorts } from '../support/ports.ts'
import { startWire, type Wire } from '../support/wire.ts'

const HOST = 'play.example'
const ORIGIN = `https://${HOST}`
const STARTERS = { nginx: startTlsNginx, caddy: startTlsCaddy } as const

interface Told {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly raw: readonly string[]
  readonly text: string
}

/** Passes bytes on to a port at once, and back 0.3 s late. */
async function slowRelay(port: number): Promise<{ readonly port: number; close(): void }> {
  const relay = createServer((client) => {
    const server = connectPlain(port, '127.0.0.1')
    client.pipe(server)
    server.on('data', (chunk) => setTimeout(() => client.write(chunk), 300))
    server.on('end', () => setTimeout(() => client.end(), 350))
    for (const side of [client, server]) side.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
  return { port: (relay.address() as AddressInfo).port, close: () => relay.close() }
}

/** The samples of deploy/tls, run as they are: what a player gets and a service sees when something in front ends TLS. */
describe.each(['nginx', 'caddy'] as const)('Postern on Node behind %s, which ends TLS', (kind) => {
  let port = 0
  let game: Wire
  let postern: Deployment
  let front: RunningFront
  const seen: IncomingMessage[] = []
  beforeAll(async () => {
    port = await freePorts(1)
    game = await startWire()
    game.answer = (incoming, outgoing) => {
      seen.push(incoming)
      incoming.resume()
      incoming.on('end', () => outgoing.end('played'))
    }
    const environment = {
      WIRE_PORT: String(game.port),
      ROBOT_TOKEN: 'robot-token-value-1234567890',
      WIRE_ORIGIN: ORIGIN,
    }
    postern = await startDeployment({ runtime: 'node', name: 'wire', environment })
    front = await STARTERS[kind]({ port, postern: postern.port, host: HOST })
    // Caddy listens before it has made its certificate.
    const alive = () =>
      send('GET', '/auth/livez').then(
        ({ status }) => status === 200,
        () => false,
      )
    for (let tries = 0; tries < 100 && !(await alive()); tries++)
      await new Promise((resolve) => setTimeout(resolve, 200))
  }, 90_000)
  afterAll(async () => {
    await front?.stop()
    await postern?.stop()
    await game?.stop()
  }, 30_000)

  const at = { host: '127.0.0.1', servername: HOST, rejectUnauthorized: false } as const

  function send(method: string, path: string, headers: Readonly<Record<string, string | string[]>> = {}, body = '') {
    return new Promise<Told>((resolve, reject) => {
      const sent = request(
        { ...at, port, method, path, headers: { host: HOST, ...headers }, agent: false },
        (answer) => {
          bodyOf(answer).then((bytes) => {
            const { statusCode: status = 0, rawHeaders: raw } = answer
            resolve({ status, headers: answer.headers, raw, text: bytes.toString() })
          }, reject)
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })
  }

  async function guest(): Promise<string> {
    const became = await send('POST', '/auth/guest', { origin: ORIGIN, accept: 'application/json' })
    const [line = ''] = became.headers['set-cookie'] ?? []
    expect(line).toMatch(/^__Host-postern=.*; Secure/)
    return line.split(';')[0] ?? ''
  }

  test('a guest plays over https: the service is told who, from where and by which address', async () => {
    const cookie = await guest()
    seen.length = 0
    const forged = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' }
    const more = {
      'postern-user': 'admin',
      postern_user: 'admin',
      'x-real-ip': '203.0.113.9',
      forwarded: 'for=203.0.113.9',
    }
    const answer = await send('GET', '/wire/a?b=%2F&c', { cookie, ...forged, ...more })
    expect([answer.status, answer.text]).toEqual([200, 'played'])
    expect(seen.map(({ url }) => url)).toEqual(['/wire/a?b=%2F&c'])
    const headers = seen[0]?.headers ?? {}
    expect(headers).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': HOST,
      'x-forwarded-proto': 'https',
    })
    expect(headers['postern-user']).toMatch(/^[0-9a-f-]{36}$/)
    expect(JSON.stringify(headers)).not.toMatch(/203\.0\.113\.9|evil\.example|"admin"|__Host-postern/)
    expect(answer.raw.filter((name) => name.toLowerCase() === 'strict-transport-security')).toHaveLength(1)
    expect((await send('GET', '/auth/session', { cookie })).status).toBe(200)
  })

  test('a visit without a session is sent to the sign-in of the same origin', async () => {
    const visit = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    const answer = await send('GET', '/wire/a', visit)
    expect(answer.status).toBe(302)
    expect(new URL(answer.headers.location ?? '', ORIGIN).origin).toBe(ORIGIN)
    const followed = await send('GET', answer.headers.location ?? '', visit)
    expect([followed.status, followed.headers['strict-transport-security']]).toEqual([200, 'max-age=31536000'])
  })

  test('what the policy judges is the path as the player wrote it', async () => {
    for (const [outcome = '', target = '', , forms = ''] of corpus('targets.txt')) {
      const path = JSON.parse(target) as string
      // A target of another form is no path behind another one; what no client of TLS can write is for other tests.
      if (!path.startsWith('/') || !/^[!-~]+$/.test(path)) continue
      seen.length = 0
      const lines = [`GET /open${path} HTTP/1.1`, `Host: ${HOST}`, 'Connection: close', '', '']
      const answer = await new Promise<string>((resolve) => {
        let got = ''
        const socket = connect({ ...at, port }, () => socket.write(lines.join('\r\n')))
        socket.on('data', (chunk) => (got += chunk.toString('latin1')))
        socket.on('error', () => undefined)
        socket.on('close', () => resolve(got))
      })
      // Whoever ends TLS may refuse a target, or write it in another way, as Caddy does; never are there two readings of one.
      const reached = seen.map(({ url }) => url ?? '')
      const judged = reached
        .map((url) => canonicalTarget(url))
        .map((one) => (one.ok ? `${one.value.path}${one.value.query}` : null))
      expect([path, reached]).toEqual([path, judged])
      if (kind === 'nginx' && outcome !== 'ok') expect([path, reached]).toEqual([path, []])
      // A rule has to allow some forms, and this one allows none.
      if (kind === 'nginx' && outcome === 'ok' && forms === '')
        expect([path, answer.slice(0, 12)]).toEqual([path, 'HTTP/1.1 200'])
    }
  }, 120_000)

  test('a live socket echoes, and ends with the session', async () => {
    const cookie = await guest()
    const socket = new WebSocket(`wss://127.0.0.1:${port}/socket/tls`, {
      ...at,
      headers: { host: HOST, cookie, origin: ORIGIN },
    })
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    const echoed = new Promise((resolve) => socket.once('message', (data) => resolve(String(data))))
    socket.send('hello')
    expect(await echoed).toBe('hello')
    const closed = new Promise((resolve) => socket.once('close', resolve))
    await send('POST', '/auth/sign-out', { cookie, origin: ORIGIN })
    expect(await closed).toBe(4401)
  })

  test('an event stream comes event by event, and an upload as it is sent', async () => {
    let more = () => {}
    let uploaded = 0
    game.answer = (incoming, outgoing) => {
      if (incoming.method === 'GET') {
        outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: one\n\n')
        more = () => outgoing.end('data: two\n\n')
      } else {
        incoming.on('data', (chunk) => (uploaded += chunk.length))
        incoming.on('end', () => outgoing.end())
      }
    }
    const stream = await new Promise<IncomingMessage>((resolve) => {
      request({ ...at, port, path: '/open/events', headers: { host: HOST } }, resolve).end()
    })
    const next = () => new Promise<string>((resolve) => stream.once('data', (chunk) => resolve(String(chunk))))
    expect(await next()).toBe('data: one\n\n')
    const second = next()
    more()
    expect(await second).toBe('data: two\n\n')

    const headers = { host: HOST, 'content-length': '200000' }
    const sent = request({ ...at, port, method: 'POST', path: '/open/upload', headers })
    const answered = new Promise<IncomingMessage>((resolve) => sent.once('response', resolve))
    sent.write('a'.repeat(100_000))
    // The service hears of the first half while the second one is not there yet.
    await expect.poll(() => uploaded).toBeGreaterThan(0)
    sent.end('b'.repeat(100_000))
    expect((await answered).statusCode).toBe(200)
    expect(uploaded).toBe(200_000)
  })

  // RFC 8470: what comes before the handshake is over can be sent again by whoever saw it. Caddy takes no early data.
  if (kind === 'nginx')
    test('a POST in early data of TLS is 425, a GET goes on', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'postern-early-'))
      const ticket = join(folder, 'ticket')
      // Where the server's part of the handshake takes its time, nginx has the request before the handshake is over.
      const slow = await slowRelay(port)
      const client = (early: string | null, input: string) => {
        const file = join(folder, 'early')
        if (early !== null) writeFileSync(file, early)
        const resumed = early === null ? ['-sess_out', ticket] : ['-sess_in', ticket, '-early_data', file]
        const where = ['-connect', `127.0.0.1:${slow.port}`, '-servername', HOST]
        const child = spawn('openssl', ['s_client', ...where, '-tls1_3', '-quiet', '-ign_eof', ...resumed])
        let told = ''
        child.stdout.on('data', (chunk) => (told += chunk))
        child.stdin.end(input)
        return new Promise<string>((resolve) => child.once('close', () => resolve(told)))
      }
      const requestOf = (method: string) =>
        `${method} /open/early HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`
      game.answer = (incoming, outgoing) => {
        seen.push(incoming)
        outgoing.end('played')
      }
      try {
        seen.length = 0
        expect(await client(null, requestOf('POST'))).toMatch(/^HTTP\/1\.1 200 /)
        expect(await client(requestOf('POST'), '')).toMatch(/^HTTP\/1\.1 425 .*"code":"too_early"/s)
        expect(await client(null, requestOf('GET'))).toMatch(/^HTTP\/1\.1 200 /)
        expect(await client(requestOf('GET'), '')).toMatch(/^HTTP\/1\.1 200 /)
        expect(seen.map(({ method, headers }) => `${method} ${String(headers['early-data'])}`)).toEqual([
          'POST undefined',
          'GET undefined',
          'GET 1',
        ])
      } finally {
        slow.close()
        rmSync(folder, { recursive: true, force: true })
      }
    })
})
