import { Readable } from 'node:stream'
import { errors, Pool } from 'undici'
import type { Config } from '../ports/config.ts'
import { type UpstreamClient, UpstreamFailed } from '../ports/upstream.ts'

function failure(error: unknown): UpstreamFailed {
  const isSlow =
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError ||
    error instanceof errors.ConnectTimeoutError
  return new UpstreamFailed(isSlow ? 'timeout' : 'unreachable', error instanceof Error ? error.name : 'failed')
}

function bodyless(status: number): boolean {
  return status === 204 || status === 205 || status === 304 || status < 200
}

/** The hop to upstreams by undici pools: bodies stay encoded, redirects are passed on, repeated headers stay apart. */
export function undiciUpstream(config: Config): UpstreamClient & { close(): Promise<void> } {
  const pools = new Map(
    config.upstreams.map((upstream) => [
      upstream.name,
      new Pool(upstream.url, {
        connect: { timeout: upstream.connectTimeoutMs },
        headersTimeout: upstream.responseTimeoutMs,
        bodyTimeout: upstream.idleTimeoutMs,
        connections: 256,
      }),
    ]),
  )
  return {
    async send(request) {
      const pool = pools.get(request.upstream)
      if (pool === undefined) throw new Error(`no upstream "${request.upstream}"`)
      const { pathname, search } = splitTarget(request.url)
      try {
        const answer = await pool.request({
          path: `${pathname}${search}`,
          method: request.method,
          headers: [...request.headers].flat(),
          body: request.body === null ? null : Readable.fromWeb(request.body as never),
          headersTimeout: request.responseTimeoutMs,
          ...(request.signal === null ? {} : { signal: request.signal }),
          responseHeaders: 'raw',
        })
        const raw = answer.headers as unknown as readonly string[]
        const headers = new Headers()
        for (let i = 0; i + 1 < raw.length; i += 2) headers.append(String(raw[i]), String(raw[i + 1]))
        const empty = bodyless(answer.statusCode) || request.method === 'HEAD'
        if (empty) await answer.body.dump()
        return new Response(empty ? null : (Readable.toWeb(answer.body) as unknown as ReadableStream), {
          status: answer.statusCode,
          headers,
        })
      } catch (error) {
        throw failure(error)
      }
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.close()))
    },
  }
}

// WHY: the target was judged byte for byte; a URL parser would spell it anew.
function splitTarget(url: string): { readonly pathname: string; readonly search: string } {
  const slash = url.indexOf('/', url.indexOf('://') + 3)
  const target = slash === -1 ? '/' : url.slice(slash)
  const query = target.indexOf('?')
  return query === -1
    ? { pathname: target, search: '' }
    : { pathname: target.slice(0, query), search: target.slice(query) }
}
