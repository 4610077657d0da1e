import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { afterEach, expect, test, vi } from 'vitest'
import { parseConfig } from '../../src/config/parse.ts'
import { UpstreamFailed } from '../../src/ports/upstream.ts'
import { type NodeUpstreams, nodeUpstreams } from '../../src/runtime/node-upstreams.ts'
import { maySendAgain, upstreamLines } from '../../src/runtime/upstream-line.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

function upstreamsAt(
  port: number,
  more: Readonly<Record<string, unknown>> = {},
  prepare?: () => Promise<void>,
): NodeUpstreams {
  const parsed = parseConfig({
    origin: 'http://localhost:8787',
    upstreams: { game: { url: `http://127.0.0.1:${port}`, ...more } },
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.fault))
  return nodeUpstreams(parsed.value, prepare)
}

test('hold() makes fresh what a lasting answer is judged by, before each judgement', async () => {
  vi.useFakeTimers()
  ends.push(() => vi.useRealTimers())
  const order: string[] = []
  const upstreams = upstreamsAt(1, {}, async () => void order.push('policy'))
  const isKept = async () => {
    order.push('judged')
    return order.length < 4
  }
  const response = new Response(new ReadableStream({ pull: () => new Promise(() => undefined) }))
  const reader = upstreams.hold?.(response, { isKept, maxAgeSeconds: null }).body?.getReader()
  const end = reader?.read().catch((error: Error) => error.message)
  await vi.advanceTimersByTimeAsync(10_000)
  expect([await end, order]).toEqual(['the right to it was lost', ['policy', 'judged', 'policy', 'judged']])
  await upstreams.close()
})

test('close() does not wait for a service that never answers', async () => {
  const server = createServer(() => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(
    () => server.closeAllConnections(),
    () => server.close(),
  )
  const { port } = server.address() as AddressInfo
  const upstreams = upstreamsAt(port)
  const asked = upstreams.send({
    upstream: 'game',
    url: `http://127.0.0.1:${port}/`,
    method: 'GET',
    headers: new Headers(),
    body: null,
    signal: null,
    responseTimeoutMs: 60_000,
    lease: null,
  })
  const outcome = asked.then(
    () => 'answered',
    () => 'cut',
  )
  await new Promise<void>((resolve) => server.once('request', () => resolve()))
  await upstreams.close(100)
  expect(await outcome).toBe('cut')
})

test('an upstream that sees the public Host proves itself by its own name', async () => {
  const asked: string[] = []
  const server = createTlsServer({
    SNICallback: (name, done) => {
      asked.push(name)
      done(new Error('no certificate'))
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => server.close())
  const url = `https://localhost:${(server.address() as AddressInfo).port}`
  const parsed = parseConfig({ origin: 'https://play.example.com', upstreams: { game: { url, preserveHost: true } } })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.fault))
  const upstreams = nodeUpstreams(parsed.value)
  ends.push(() => upstreams.close(0))
  const failed = upstreams.send({
    upstream: 'game',
    url: `${url}/`,
    method: 'POST',
    headers: new Headers({ host: 'play.example.com' }),
    body: null,
    signal: null,
    responseTimeoutMs: 5_000,
    lease: null,
  })
  await expect(failed).rejects.toThrow(UpstreamFailed)
  expect(asked).toEqual(['localhost'])
})

const REFUSED = new UpstreamFailed('unreachable', 'ECONNREFUSED', { error: 'connection_refused' })
const BROKEN = new UpstreamFailed('unreachable', 'ECONNRESET', { error: 'connection_terminated' })
const LATE = new UpstreamFailed('timeout', 'UND_ERR_CONNECT_TIMEOUT', { error: 'connection_timeout' })

test('maySendAgain() takes a refused connection and a method that may be repeated, without a body', () => {
  expect(['GET', 'HEAD', 'PUT', 'DELETE'].map((method) => maySendAgain(REFUSED, method, 'no body'))).toEqual([
    true,
    true,
    true,
    true,
  ])
  expect(['POST', 'PATCH'].map((method) => maySendAgain(REFUSED, method, 'no body'))).toEqual([false, false])
})

test('maySendAgain() refuses what had a body, was on its way, or was waited for already', () => {
  expect(maySendAgain(REFUSED, 'PUT', 'body')).toBe(false)
  expect(maySendAgain(BROKEN, 'GET', 'no body')).toBe(false)
  expect(maySendAgain(LATE, 'GET', 'no body')).toBe(false)
})

test('a line rests after connections that did not come about, never after slow or broken answers', () => {
  const parsed = parseConfig({
    origin: 'http://localhost:8787',
    upstreams: { game: { url: 'http://127.0.0.1:9', breakerFailures: 2, breakerOpen: 3 } },
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.fault))
  let now = 0
  const line = upstreamLines(parsed.value, () => now).get('game')
  const slow = new UpstreamFailed('timeout', 'slow')
  for (const failure of [BROKEN, slow, BROKEN, slow]) line?.failed(failure)
  expect(line?.health().state).toBe('closed')
  for (const failure of [REFUSED, LATE]) line?.failed(failure)
  expect(line?.health().state).toBe('open')
  now = 1500
  expect(() => line?.enter()).toThrow(expect.objectContaining({ kind: 'resting', retryAfter: 2, upstream: 'game' }))
  now = 3000
  expect(line?.health().state).toBe('half-open')
})

test('stream() counts both tries of a request that nobody took, and tells its end once', async () => {
  const closed = createServer()
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
  const { port } = closed.address() as AddressInfo
  await new Promise<void>((resolve) => closed.close(() => resolve()))
  const upstreams = upstreamsAt(port, { breakerFailures: 2 })
  const told: (string | null)[] = []
  const front = createServer((incoming, outgoing) => {
    const upstream = { name: 'game' } as Parameters<NodeUpstreams['stream']>[0]
    upstreams.stream(upstream, {
      ...{ target: '/', method: 'GET', headers: [], incoming, outgoing, responseTimeoutMs: 1000 },
      audience: 'all',
      withheld: [],
      began: () => undefined,
      ended(failure) {
        told.push(failure?.kind ?? null)
        outgoing.end()
      },
    })
  })
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  ends.push(
    () => front.close(),
    () => upstreams.close(0),
  )
  await fetch(`http://127.0.0.1:${(front.address() as AddressInfo).port}/`)
  expect(told).toEqual(['unreachable'])
  expect(upstreams.health?.()).toEqual([{ name: 'game', state: 'open' }])
})

test('send() tells a status that no answer can have as the failure of the service, not as a bug', async () => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end('HTTP/1.1 799 Odd\r\ncontent-length: 3\r\n\r\nodd'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => server.close())
  const { port } = server.address() as AddressInfo
  const upstreams = upstreamsAt(port)
  const asked = upstreams.send({
    upstream: 'game',
    url: `http://127.0.0.1:${port}/`,
    method: 'POST',
    headers: new Headers(),
    body: null,
    signal: null,
    responseTimeoutMs: 5_000,
    lease: null,
  })
  await expect(asked).rejects.toMatchObject({ name: 'UpstreamFailed', error: 'http_protocol_error', upstream: 'game' })
  await upstreams.close(100)
})
