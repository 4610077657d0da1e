import type { IncomingMessage, ServerResponse } from 'node:http'
import { errors, Pool } from 'undici'
import type { Config, Upstream } from '../ports/config.ts'
import { UpstreamFailed } from '../ports/upstream.ts'
import { returnable } from './node-headers.ts'

/** One raw request for an upstream, and where its answer goes. */
export interface RawHop {
  readonly target: string
  readonly method: string
  /** Flat names and values. */
  readonly headers: string[]
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly responseTimeoutMs: number
}

/** Connections to the upstreams of a process. */
export interface NodeUpstreams {
  /** Streams one request there and its answer back. @throws UpstreamFailed before the answer began */
  stream(upstream: Upstream, hop: RawHop): Promise<void>
  close(): Promise<void>
}

function failed(error: unknown): UpstreamFailed {
  const slow = error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError || error instanceof errors.ConnectTimeoutError
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
          outgoing.writeHead(statusCode, returnable(headers as unknown as readonly string[]))
          return outgoing
        })
      } catch (error) {
        if (abort.signal.aborted && (outgoing.destroyed || outgoing.writableEnded)) return
        throw failed(error)
      } finally {
        outgoing.removeListener('close', onClose)
      }
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
