import { createServer, type IncomingMessage, type Server } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { bodyOf, exchange, type Seen } from '../support/exchange.ts'
import { guestOf } from '../support/guest.ts'
import { ask } from '../support/http.ts'
import { head, openRaw } from '../support/raw.ts'
import { mustOpen, openSocket } from '../support/socket-client.ts'
import type { HopPlace } from './hop.ts'

const PARTNER = 'https://partner.example.com'
const TOOLS = 'https://tools.example.com'

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function bodyText({ body }: Seen): string {
  return Buffer.from(body, 'base64').toString()
}

function headerOf({ headers }: Seen, wanted: string): string | null {
  return headers.find(([name]) => name === wanted)?.[1] ?? null
}

/** Which service a request reaches, under which name, and what happens on the way: the same on every runtime. */
export function roadsTranscript(place: () => HopPlace): void {
  const port = () => place().deployment.port
  const url = (path: string) => `${place().deployment.gateway}${path}`
  const isWorkerd = () => place().deployment.runtime === 'workerd'
  let listener: Server | null = null
  afterEach(async () => {
    const open = listener
    listener = null
    if (open === null) return
    open.closeAllConnections()
    await new Promise((resolve) => open.close(resolve))
  })

  /** Both services say who they are; what reached them, in order. */
  function named(): IncomingMessage[] {
    const reached: IncomingMessage[] = []
    for (const [name, wire] of [
      ['first', place().wire],
      ['second', place().second],
    ] as const)
      wire.answer = (request, response) => {
        reached.push(request)
        response.setHeader('access-control-allow-origin', PARTNER)
        response.end(`${name} ${request.url}`)
      }
    return reached
  }

  const at = (host: string, path: string) => exchange(port(), { method: 'GET', path, headers: [['host', host]] })

  test('each host and path has its own service', async () => {
    named()
    const ours = `localhost:${port()}`
    expect(bodyText(await at(ours, '/open/x'))).toBe('first /open/x')
    expect(bodyText(await at(ours, '/second/x'))).toBe('second /second/x')
    expect(bodyText(await at('worlds.example', '/open/x'))).toBe('second /open/x')
    expect(bodyText(await at('WORLDS.example.:80', '/second/x'))).toBe('second /second/x')
    for (const host of ['other.example', 'worlds.example.evil.example', `worlds.example:${port()}`])
      expect((await at(host, '/open/x')).status).toBe(421)
  })

  test('a service that wants the public Host sees it, the others see their own (DECISIONS 26)', async () => {
    const [first, second] = [`127.0.0.1:${place().wire.port}`, `127.0.0.1:${place().second.port}`]
    const reached = named()
    await at(`localhost:${port()}`, '/open/x')
    await at(`localhost:${port()}`, '/second/x')
    await at('Worlds.example:80', '/open/x')
    const socket = await mustOpen(url('/rooms/1'), { headers: { host: 'worlds.example' } })
    socket.raw.terminate()
    const upgrade = place().second.upgrades.findLast((request) => request.url === '/rooms/1')
    const hosts = [...reached, upgrade].map((request) => request?.headers.host)
    expect(hosts).toEqual(
      isWorkerd()
        ? [first, second, second, second]
        : [first, `localhost:${port()}`, 'worlds.example', 'worlds.example'],
    )
    expect([...reached, upgrade].map((request) => request?.headers['x-forwarded-host'])).toEqual([
      `localhost:${port()}`,
      `localhost:${port()}`,
      'worlds.example',
      'worlds.example',
    ])
  })

  async function announce(path: string, method: string, origin: string, cookie: string): Promise<Seen> {
    const headers = [
      ['origin', origin],
      ['access-control-request-method', method],
      ['access-control-request-headers', 'x-game-build'],
      ['cookie', `theme=dark; ${cookie}`],
    ] as const
    return exchange(port(), { method: 'OPTIONS', path, headers })
  }

  test('a preflight is answered from the origins of its rule, or by the service to nobody (DECISIONS 27)', async () => {
    const visitor = await guestOf(url(''))
    const cookie = visitor.cookie(url('/')) ?? ''
    const reached = named()
    const granted = await announce('/granted/x', 'PUT', TOOLS, cookie)
    expect([granted.status, headerOf(granted, 'access-control-allow-origin')]).toEqual([204, TOOLS])
    expect(headerOf(granted, 'access-control-allow-headers')).toMatch(/, x-game-build$/)
    const foreign = await announce('/granted/x', 'PUT', PARTNER, cookie)
    expect([foreign.status, headerOf(foreign, 'access-control-allow-origin')]).toEqual([204, null])
    expect((await announce('/shut/x', 'GET', TOOLS, cookie)).status).toBe(403)
    expect((await announce('/nowhere-at-all', 'GET', TOOLS, '')).status).toBe(403)
    expect((await announce('/socket/x', 'DELETE', TOOLS, '')).status).toBe(405)
    expect(reached).toEqual([])
    const passed = await announce('/wire/x', 'PUT', PARTNER, cookie)
    expect([passed.status, headerOf(passed, 'access-control-allow-origin')]).toEqual([200, PARTNER])
    expect(bodyText(passed)).toBe('first /wire/x')
    expect(reached.map(({ method, headers }) => [method, headers.cookie, headers['postern-user']])).toEqual([
      ['OPTIONS', 'theme=dark', undefined],
    ])
    expect(reached[0]?.headers['access-control-request-headers']).toBe('x-game-build')
  })

  test('sockets meet nobody as requests do: 502, then 503 until the service is back', async () => {
    const visitor = await guestOf(url(''))
    const headers = { cookie: visitor.cookie(url('/')) ?? '', origin: place().deployment.gateway }
    for (const path of ['/gone/socket', '/gone-room/socket']) {
      const opened = async (): Promise<
        Readonly<{ status: number; headers: Record<string, unknown>; body: string }>
      > => {
        const opening = await openSocket(url(path), { headers })
        return opening.kind === 'refused' ? opening : { status: 101, headers: {}, body: '' }
      }
      const first = await opened()
      expect([first.status, first.headers['proxy-status']]).toEqual([
        502,
        `postern; error=${isWorkerd() ? 'connection_terminated' : 'connection_refused'}`,
      ])
      expect(first.body).not.toContain('127.0.0.1')
      await expect.poll(async () => (await opened()).status, { timeout: 20_000, interval: 20 }).toBe(503)
      const resting = await opened()
      expect(resting.headers['proxy-status']).toBe('postern; error=destination_unavailable')
      expect(Number(resting.headers['retry-after'])).toBeGreaterThan(0)
      expect((await ask(url('/gone/x'))).status).toBe(503)
      listener = createServer((request, response) => {
        response.statusCode = request.headers.upgrade === undefined ? 200 : 404
        response.end('here')
      })
      await new Promise<void>((resolve) => listener?.listen(place().nowhere, '127.0.0.1', resolve))
      await expect.poll(async () => (await opened()).status, { timeout: 10_000, interval: 100 }).toBe(404)
      expect((await ask(url('/gone/x'))).status).toBe(200)
      listener.closeAllConnections()
      await new Promise((resolve) => listener?.close(resolve))
      listener = null
    }
  }, 60_000)

  test('an upload that stands still is ended on both ways, and on workerd is left to the platform', async () => {
    let isCut = false
    place().wire.answer = (request) => {
      request.on('error', () => (isCut = true))
      request.resume()
    }
    const client = openRaw(port())
    const began = performance.now()
    client.write(head('POST /open/still', port(), 'Content-Length: 100000'))
    client.write('a'.repeat(1000))
    const told = client.until((got) => got.includes('request_id'))
    if (isWorkerd()) {
      // WHY: there the platform passes bodies on by itself: nothing of it tells how long nothing came.
      expect(await Promise.race([told.catch(() => 'gone'), pause(7000).then(() => 'waits')])).toBe('waits')
      client.socket.destroy()
      return
    }
    expect(await told).toMatch(/^HTTP\/1\.1 504 /)
    // The idle time of this service is 5 s.
    expect(performance.now() - began).toBeGreaterThan(4000)
    expect(performance.now() - began).toBeLessThan(9000)
    await expect.poll(() => isCut, { timeout: 5000 }).toBe(true)
    client.socket.destroy()
  }, 30_000)

  test('a client that reads slowly gets everything', async () => {
    const size = 8_000_000
    place().wire.answer = (_request, response) => {
      response.setHeader('content-length', size)
      response.end(Buffer.alloc(size, 'x'))
    }
    const client = openRaw(port())
    client.write(head('GET /open/slowly', port(), 'Connection: close'))
    await client.until((got) => got.length > 1000)
    // Longer than the service's idle time, during which it can do nothing.
    client.socket.pause()
    await pause(6500)
    client.socket.resume()
    const [, body = ''] = (await client.closed).split('\r\n\r\n')
    expect(body.length).toBe(size)
  }, 30_000)

  test('a GET with a body passes, or is refused: never without it', async () => {
    let asked = 0
    place().wire.answer = (request, response) => {
      asked++
      void bodyOf(request).then((body) => response.end(`${request.method} ${body.toString()}`))
    }
    const client = openRaw(port())
    client.write(`${head('GET /open/search', port(), 'Content-Length: 5', 'Connection: close')}{"a"}`)
    const text = await client.until((got) => /request_id|\{"a"\}/.test(got))
    client.socket.destroy()
    if (isWorkerd()) {
      expect(text).toMatch(/^HTTP\/1\.1 400 /)
      expect(text).toContain('"bad_body"')
    } else expect(text).toMatch(/^HTTP\/1\.1 200 [\s\S]*GET \{"a"\}/)
    expect(asked).toBe(isWorkerd() ? 0 : 1)
  })
}
