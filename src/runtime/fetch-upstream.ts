import { base64url, utf8 } from '../core/bytes.ts'
import { holderOf } from '../pipeline/lease.ts'
import type { Config } from '../ports/config.ts'
import { type LeaseTerms, type UpstreamClient, UpstreamFailed, type UpstreamRequest } from '../ports/upstream.ts'
import { FAILED_HEADER, type Handover, TERMS_HEADER } from './socket-object.ts'

interface Binding {
  fetch(url: string, init: RequestInit): Promise<Response>
}

/** What of the namespace of socket objects the hop needs. */
interface SocketObjects {
  idFromName(name: string): DurableObjectId
  get(id: DurableObjectId): { fetch(url: string, init: RequestInit): Promise<Response> }
}

function bindingOf(env: Readonly<Record<string, unknown>>, name: string | null): Binding {
  if (name === null) return { fetch: (url, init) => fetch(url, init) }
  const binding = env[name]
  if (typeof binding === 'object' && binding !== null && 'fetch' in binding) return binding as Binding
  throw new Error(`hono.config.ts names the service binding "${name}", which wrangler.toml does not have`)
}

/** Hands an upgrade to the object that holds the sockets of whoever opens it. */
async function handOver(
  request: UpstreamRequest,
  terms: LeaseTerms,
  objects: SocketObjects | undefined,
): Promise<Response> {
  if (objects === undefined) throw new UpstreamFailed('upgrade-refused', 'wrangler.toml binds no SOCKETS')
  const holder = terms.subject === null ? `request:${terms.ask.requestId}` : holderOf(terms.subject)
  const { upstream, responseTimeoutMs } = request
  const handover: Handover = { upstream, responseTimeoutMs, terms }
  const headers = new Headers(request.headers)
  headers.set(TERMS_HEADER, base64url(utf8(JSON.stringify(handover))))
  const response = await objects.get(objects.idFromName(holder)).fetch(request.url, { headers })
  const failed = response.headers.get(FAILED_HEADER)
  if (failed !== null) throw new UpstreamFailed(failed as UpstreamFailed['kind'], 'told by the socket object')
  return response
}

async function sendDirectly(request: UpstreamRequest, binding: Binding): Promise<Response> {
  const timer = new AbortController()
  let isLate = false
  const limit = setTimeout(() => {
    isLate = true
    timer.abort()
  }, request.responseTimeoutMs)
  // WHY: `AbortSignal.any` costs as much as a third of the whole request here; a listener costs nothing.
  request.signal?.addEventListener('abort', () => timer.abort())
  if (request.signal?.aborted === true) timer.abort()
  try {
    return await binding.fetch(request.url, {
      method: request.method,
      headers: request.headers,
      body: request.body,
      redirect: 'manual',
      cache: 'no-store',
      signal: timer.signal,
    })
  } catch (error) {
    if (isLate) throw new UpstreamFailed('timeout', 'no answer in time')
    throw new UpstreamFailed('unreachable', error instanceof Error ? error.name : 'failed')
  } finally {
    clearTimeout(limit)
  }
}

/** The hop to upstreams by `fetch` on Workers: manual redirects, no cache, the body passed on untouched. */
export function fetchUpstream(config: Config, env: Readonly<Record<string, unknown>>): UpstreamClient {
  const bindings = new Map(config.upstreams.map((upstream) => [upstream.name, bindingOf(env, upstream.binding)]))
  const objects = env['SOCKETS'] as SocketObjects | undefined
  return {
    async send(request) {
      const binding = bindings.get(request.upstream)
      if (binding === undefined) throw new Error(`no upstream "${request.upstream}"`)
      return request.lease === null ? sendDirectly(request, binding) : handOver(request, request.lease, objects)
    },
    closeAtOnce(protocol, code, reason) {
      const [client, here] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket]
      here.accept()
      here.close(code, reason)
      const headers: HeadersInit = protocol === null ? {} : { 'sec-websocket-protocol': protocol }
      return new Response(null, { status: 101, webSocket: client, headers })
    },
  }
}
