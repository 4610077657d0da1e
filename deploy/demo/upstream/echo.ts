import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { type Handler, headerPairs, queryOf, type WebApp, type WebRequest } from './web.ts'

const BIG_LIMIT = 1024 * 1024 * 1024
const CHUNK = Buffer.alloc(64 * 1024, 'postern ')

function numberOf(request: WebRequest, name: string, fallback: number, highest: number): number {
  const value = Number(queryOf(request).get(name) ?? fallback)
  return Number.isInteger(value) && value >= 0 ? Math.min(value, highest) : fallback
}

/** The request as it reached the game: what a gateway must not have bent. */
function report(request: WebRequest): Readonly<Record<string, unknown>> {
  const { method, originalUrl: target, httpVersion } = request
  return { method, target, httpVersion, headers: headerPairs(request) }
}

/** Streams the body back as it comes; the report is the body for GET and HEAD, and always in `Echo-Request` (base64url). */
const echo: Handler = async (request, response) => {
  const seen = JSON.stringify(report(request))
  response.setHeader('Echo-Request', Buffer.from(seen).toString('base64url'))
  if (request.method === 'GET' || request.method === 'HEAD') {
    response.type('json').end(seen)
    return
  }
  response.setHeader('Content-Type', request.headers['content-type'] ?? 'application/octet-stream')
  await pipeline(request, response)
}

const status: Handler = (request, response) => {
  const code = Number(request.params['code'])
  if (!Number.isInteger(code) || code < 200 || code > 599) {
    response.status(400).json({ error: 'code is 200 to 599' })
    return
  }
  if (code === 204 || code === 205 || code === 304) response.status(code).end()
  else response.status(code).json({ status: code })
}

const redirect: Handler = (request, response) => {
  const to = queryOf(request).get('to') ?? '/echo/landed'
  response
    .status(numberOf(request, 'status', 302, 308))
    .setHeader('Location', to)
    .end()
}

const cookies: Handler = (request, response) => {
  const wanted = queryOf(request).getAll('set')
  const set =
    wanted.length > 0 ? wanted : ['game=one; Path=/', 'theme=two; Path=/; HttpOnly', 'empty=; Path=/; Max-Age=0']
  response.setHeader('Set-Cookie', set)
  response.json({ received: request.headers.cookie ?? null, set })
}

const sse: Handler = async (request, response) => {
  const count = numberOf(request, 'count', 5, 10_000)
  const every = numberOf(request, 'every', 200, 60_000)
  response.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-cache',
    'X-Accel-Buffering': 'no',
  })
  for (let sent = 1; sent <= count && !response.destroyed; sent += 1) {
    response.write(`id: ${sent}\nevent: tick\ndata: {"tick":${sent}}\n\n`)
    if (sent < count) await pause(every)
  }
  response.end()
}

const big: Handler = async (request, response) => {
  const bytes = numberOf(request, 'bytes', 1024 * 1024, BIG_LIMIT)
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': String(bytes) })
  for (let left = bytes; left > 0 && !response.destroyed; left -= CHUNK.length) {
    const room = response.write(left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK)
    if (!room) await Promise.race([once(response, 'drain'), once(response, 'close')])
  }
  response.end()
}

const slow: Handler = async (request, response) => {
  await pause(numberOf(request, 'ms', 1000, 600_000))
  response.json({ slept: true })
}

const packed: Handler = (_request, response) => {
  response.setHeader('Content-Encoding', 'gzip')
  response.setHeader('Vary', 'Accept-Encoding')
  response.type('text/plain').end(gzipSync('packed by the game'))
}

const tagged: Handler = (request, response) => {
  response.setHeader('ETag', '"v1"')
  if (request.headers['if-none-match'] === '"v1"') response.status(304).end()
  else response.type('text/plain').end('version one')
}

const ranged: Handler = (request, response) => {
  const whole = Buffer.from('0123456789')
  response.setHeader('Accept-Ranges', 'bytes')
  response.type('text/plain')
  const range = /^bytes=(\d)-(\d)$/.exec(request.headers.range ?? '')
  if (range === null) return void response.end(whole)
  response.setHeader('Content-Range', `bytes ${range[1]}-${range[2]}/${whole.length}`)
  response.status(206).end(whole.subarray(Number(range[1]), Number(range[2]) + 1))
}

/** Routes under `/echo` that show what passes through a gateway, and how. */
export function mountEcho(app: WebApp): void {
  app.all('/echo/status/:code', status)
  app.all('/echo/redirect', redirect)
  app.all('/echo/cookies', cookies)
  app.get('/echo/sse', sse)
  app.get('/echo/big', big)
  app.all('/echo/slow', slow)
  app.get('/echo/gzip', packed)
  app.get('/echo/etag', tagged)
  app.get('/echo/range', ranged)
  app.all('/echo/*rest', echo)
}
