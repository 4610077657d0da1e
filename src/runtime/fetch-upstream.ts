import type { Config } from '../ports/config.ts'
import { type UpstreamClient, UpstreamFailed } from '../ports/upstream.ts'

interface Binding {
  fetch(url: string, init: RequestInit): Promise<Response>
}

function bindingOf(env: Readonly<Record<string, unknown>>, name: string | null): Binding {
  if (name === null) return { fetch: (url, init) => fetch(url, init) }
  const binding = env[name]
  if (typeof binding === 'object' && binding !== null && 'fetch' in binding) return binding as Binding
  throw new Error(`hono.config.ts names the service binding "${name}", which wrangler.toml does not have`)
}

/** The hop to upstreams by `fetch` on Workers: manual redirects, no cache, the body passed on untouched. */
export function fetchUpstream(config: Config, env: Readonly<Record<string, unknown>>): UpstreamClient {
  const bindings = new Map(config.upstreams.map((upstream) => [upstream.name, bindingOf(env, upstream.binding)]))
  return {
    async send(request) {
      const binding = bindings.get(request.upstream)
      if (binding === undefined) throw new Error(`no upstream "${request.upstream}"`)
      const timer = new AbortController()
      const limit = setTimeout(() => timer.abort(), request.responseTimeoutMs)
      try {
        return await binding.fetch(request.url, {
          method: request.method,
          headers: request.headers,
          body: request.body,
          redirect: 'manual',
          cache: 'no-store',
          signal: request.signal === null ? timer.signal : AbortSignal.any([timer.signal, request.signal]),
        })
      } catch (error) {
        if (timer.signal.aborted) throw new UpstreamFailed('timeout', 'no answer in time')
        throw new UpstreamFailed('unreachable', error instanceof Error ? error.name : 'failed')
      } finally {
        clearTimeout(limit)
      }
    },
  }
}
