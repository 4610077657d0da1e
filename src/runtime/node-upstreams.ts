import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { errors, Pool } from 'undici'
import type { Config, Upstream } from '../ports/config.ts'
import { type UpstreamClient, UpstreamFailed, type UpstreamRequest } from '../ports/upstream.ts'
import { pairsOf, returnable } from './node-headers.ts'

/** One raw request for an upstream, and where its answer goes. */
export interface RawHop {
  readonly target: string
  readonly method: string
  /** Flat names and values. */
  readonly headers: string[]
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly responseTimeoutMs: number
  /** `one` for an answer to one person, which shared caches must not keep unasked. */
  readonly audience: 'one' | 'all'
}

/** Connections to the upstreams of a process. */
export interface NodeUpstreams extends UpstreamClient {
  /** Streams one request there and its answer back. @throws UpstreamFailed before the answer began */
  stream(upstream: Upstream, hop: RawHop): Promise<void>
  close(): Promise<void>
}

function failed(error: unknown): UpstreamFailed {
  const slow =
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError ||
    error instanceof errors.ConnectTimeoutError
  return new UpstreamFailed(slow ? 'timeout' : 'unreachable', error instanceof Error ? error.name : 'failed')
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Keep-alive pools by undici: bodies stay encoded, redirects are passed on, repeated headers stay apart. */
export function nodeUpstreams(config: Config): NodeUpstreams {
  const pools = new Map(config.upstreams.map((upstream) => [upstream.name, poolOf(upstream)]))
  return {
    async stream(upstream, hop) {
      const pool = pools.get(upstream.name)
      if (pool === undefined) throw new Error(`no upstream "${upstream.name}"`)
      const { incoming, outgoing } = hop
      const abort = new AbortController()
      const onClose = () => abort.abort()
      outgoing.once('close', onClose)
      try {
        const options = {
          path: hop.target,
          method: hop.method as 'GET',
          headers: hop.headers,
          body: hasBody(incoming) ? incoming : null,
          headersTimeout: hop.responseTimeoutMs,
          signal: abort.signal,
          responseHeaders: 'raw' as const,
        }
        await pool.stream(options, ({ statusCode, headers }) => {
          outgoing.sendDate = false
          outgoing.writeHead(statusCode, returnable(headers as unknown as readonly string[], hop.audience))
          return outgoing
        })
      } catch (error) {
        if (abort.signal.aborted && (outgoing.destroyed || outgoing.writableEnded)) return
        throw failed(error)
      } finally {
        outgoing.removeListener('close', onClose)
      }
    },
    async send(request) {
      const pool = pools.get(request.upstream)
      if (pool === undefined) throw new Error(`no upstream "${request.upstream}"`)
      return sendThrough(pool, request)
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.close()))
    },
  }
}

function poolOf(upstream: Upstream): Pool {
  return new Pool(upstream.url, {
    connect: { timeout: upstream.connectTimeoutMs },
    headersTimeout: upstream.responseTimeoutMs,
    bodyTimeout: upstream.idleTimeoutMs,
    connections: 256,
    pipelining: 1,
  })
}

const BODYLESS: ReadonlySet<number> = new Set([101, 204, 205, 304])

// WHY: the few paths that the route table claims for ours (`/.well-known`) may be an upstream's after all.
async function sendThrough(pool: Pool, request: UpstreamRequest): Promise<Response> {
  try {
    const answer = await pool.request({
      path: request.url.slice(request.url.indexOf('/', request.url.indexOf('://') + 3)),
      method: request.method as 'GET',
      headers: [...request.headers].flat(),
      body: request.body instanceof ReadableStream ? Readable.fromWeb(request.body as never) : request.body,
      headersTimeout: request.responseTimeoutMs,
      responseHeaders: 'raw',
      ...(request.signal === null ? {} : { signal: request.signal }),
    })
    const headers = new Headers()
    for (const [name, value] of pairsOf(answer.headers as unknown as readonly string[]))
      headers.append(String(name), String(value))
    const empty = BODYLESS.has(answer.statusCode) || request.method === 'HEAD'
    if (empty) await answer.body.dump()
    return new Response(empty ? null : (Readable.toWeb(answer.body) as unknown as ReadableStream), {
      status: answer.statusCode,
      headers,
    })
  } catch (error) {
    throw failed(error)
  }
}
