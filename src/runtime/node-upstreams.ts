import { Readable } from 'node:stream'
import { type Dispatcher, Pool } from 'undici'
import type { Config, Upstream } from '../ports/config.ts'
import { type UpstreamClient, UpstreamFailed, type UpstreamRequest } from '../ports/upstream.ts'
import { holdResponse } from './hold-response.ts'
import { hasBody } from './node-answer.ts'
import { nodeFailure } from './node-failure.ts'
import { pairsOf, sayable } from './node-headers.ts'
import { passThrough, type RawHop, tlsName, type Way } from './node-hop.ts'
import { startChecks } from './upstream-checks.ts'
import { beforeSecondTry, maySendAgain, type UpstreamLine, upstreamLines } from './upstream-line.ts'
import { webBody } from './web-body.ts'

/** Milliseconds that answers under way get at the end of the process. */
const CLOSE_MS = 5_000

/** Connections to the upstreams of a process. */
export interface NodeUpstreams extends UpstreamClient {
  /** Streams one request there and its answer back; `hop.ended` is told how it ended. @throws UpstreamFailed at once, where nobody is asked */
  stream(upstream: Upstream, hop: RawHop): void
  /** What is known of the way to an upstream, for hops that are no requests of a pool. */
  lineTo(name: string): UpstreamLine
  /** Waits for what is under way, but not for ever; what has not ended by then is cut. */
  close(patienceMs?: number): Promise<void>
}

/**
 * Keep-alive pools by undici: bodies stay encoded, redirects are passed on, repeated headers stay apart.
 *
 * @param prepare - what must be fresh before it is asked whether a lasting answer may go on, such as the policy
 */
export function nodeUpstreams(config: Config, prepare: () => Promise<void> | null = () => null): NodeUpstreams {
  const lines = upstreamLines(config, () => performance.now())
  const ways = new Map<string, Way>()
  for (const upstream of config.upstreams) {
    const line = lines.get(upstream.name)
    if (line !== undefined)
      ways.set(upstream.name, { upstream, pool: poolOf(upstream), line, tlsName: tlsName(upstream) })
  }
  const wayTo = (name: string) => {
    const way = ways.get(name)
    if (way === undefined) throw new Error(`no upstream "${name}"`)
    return way
  }
  const checks = [...ways.values()].map((way) => startChecks(way, config.host))
  return {
    stream(upstream, hop) {
      const way = wayTo(upstream.name)
      way.line.enter()
      passThrough(way, hop, (failure) => (failure === null ? hop.ended(null) : streamAgain(failure, way, hop)))
    },
    async send(request) {
      const way = wayTo(request.upstream)
      const { line } = way
      line.enter()
      try {
        return await sendThrough(way, request)
      } catch (error) {
        const failure = noted(error, line)
        if (!maySendAgain(failure, request.method, request.body === null ? 'no body' : 'body')) throw failure
      }
      await beforeSecondTry()
      return sendThrough(way, request).catch((error: unknown) => Promise.reject(noted(error, line)))
    },
    hold(response, lasting) {
      const isKept = async () => {
        await prepare()
        return lasting.isKept()
      }
      return holdResponse(response, { ...lasting, isKept }, () => undefined)
    },
    lineTo: (name) => wayTo(name).line,
    health: () => [...lines.values()].map((line) => line.health()),
    async close(patienceMs = CLOSE_MS) {
      for (const stop of checks) stop()
      const whole = Promise.all([...ways.values()].map(({ pool }) => pool.close()))
      const limit = new Promise<'late'>((resolve) => setTimeout(resolve, patienceMs, 'late').unref?.())
      if ((await Promise.race([whole, limit])) === 'late')
        await Promise.all([...ways.values()].map(({ pool }) => pool.destroy()))
    },
  }
}

/** What comes of a hop that failed: another one, where nothing of it can have arrived. */
function streamAgain(failure: UpstreamFailed, way: Way, hop: RawHop): void {
  way.line.failed(failure)
  const isOver = !maySendAgain(failure, hop.method, hasBody(hop.incoming) ? 'body' : 'no body')
  if (isOver) hop.ended(failure)
  else
    beforeSecondTry()
      .then(() => lastTry(way, hop))
      .catch((error: unknown) => hop.ended(noted(error, way.line)))
}

function lastTry(way: Way, hop: RawHop): void {
  if (hop.outgoing.destroyed) hop.ended(null)
  else
    passThrough(way, hop, (failure) => {
      if (failure !== null) way.line.failed(failure)
      hop.ended(failure)
    })
}

function noted(error: unknown, line: UpstreamLine): UpstreamFailed {
  const failure = nodeFailure(error, line.name)
  line.failed(failure)
  return failure
}

function poolOf(upstream: Upstream): Pool {
  return new Pool(upstream.url, {
    connect: { timeout: upstream.connectTimeoutMs },
    headersTimeout: upstream.responseTimeoutMs,
    bodyTimeout: upstream.idleTimeoutMs,
    // WHY: no bound on connections: what is beyond one waits, outside every timeout, for streams that may last for ever.
    pipelining: 1,
    // WHY: as many as are taken of a client; Node's own 16 KB are less than some services send and all browsers take.
    maxHeaderSize: 64 * 1024,
  })
}

const BODYLESS: ReadonlySet<number> = new Set([101, 204, 205, 304])

/** WHY: a Response can have no other status, and Hono's throws not when it is made, but where somebody reads it. */
function refuseStatus({ statusCode, body }: Dispatcher.ResponseData, upstream: string): void {
  if (statusCode >= 200 && statusCode <= 599) return
  body.on('error', () => undefined).destroy()
  throw new UpstreamFailed('unreachable', 'no status', { error: 'http_protocol_error', upstream })
}

// WHY: the few paths that the route table claims for ours (`/.well-known`) may be an upstream's after all.
async function sendThrough({ pool, line, tlsName: servername }: Way, request: UpstreamRequest): Promise<Response> {
  const answer = await pool.request({
    path: request.url.slice(request.url.indexOf('/', request.url.indexOf('://') + 3)),
    method: request.method as 'GET',
    headers: [...request.headers].flat(),
    body: request.body instanceof ReadableStream ? Readable.fromWeb(request.body as never) : request.body,
    headersTimeout: request.responseTimeoutMs,
    responseHeaders: 'raw',
    ...(servername === undefined ? {} : { servername }),
    ...(request.signal === null ? {} : { signal: request.signal }),
  })
  line.answered()
  refuseStatus(answer, request.upstream)
  const headers = new Headers()
  for (const [name, value] of pairsOf(answer.headers as unknown as readonly string[]))
    headers.append(String(name), String(value))
  const empty = BODYLESS.has(answer.statusCode) || request.method === 'HEAD'
  if (empty) await answer.body.dump()
  // ATTACK: a length whose bytes are not passed on takes them from the next answer on the client's connection.
  if (answer.statusCode === 205) headers.set('content-length', '0')
  return new Response(empty ? null : webBody(answer.body), {
    status: answer.statusCode,
    statusText: sayable(answer.statusText) ?? '',
    headers,
  })
}
