import { Readable } from 'node:stream'
import { errors, Pool } from 'undici'
import type { Config, Upstream } from '../ports/config.ts'
import { type UpstreamClient, UpstreamFailed, type UpstreamRequest } from '../ports/upstream.ts'
import { pairsOf } from './node-headers.ts'
import { passThrough, type RawHop } from './node-hop.ts'

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

/** Keep-alive pools by undici: bodies stay encoded, redirects are passed on, repeated headers stay apart. */
export function nodeUpstreams(config: Config): NodeUpstreams {
  const pools = new Map(config.upstreams.map((upstream) => [upstream.name, poolOf(upstream)]))
  return {
    async stream(upstream, hop) {
      const pool = pools.get(upstream.name)
      if (pool === undefined) throw new Error(`no upstream "${upstream.name}"`)
      try {
        await passThrough(pool, hop)
      } catch (error) {
        throw failed(error)
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
