import { base64url, utf8 } from '../core/bytes.ts'
import { holderOf } from '../pipeline/lease.ts'
import type { Config } from '../ports/config.ts'
import { StoreUnavailable } from '../ports/store.ts'
import { type LeaseTerms, type UpstreamClient, UpstreamFailed, type UpstreamRequest } from '../ports/upstream.ts'
import { holdResponse } from './hold-response.ts'
import { FAILED_HEADER, type Handover, STORE_FAILED, TERMS_HEADER } from './socket-object.ts'
import { type UpstreamLine, upstreamLines } from './upstream-line.ts'

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

/** Whether an object is only away for a moment: reset by a deployment, or too busy; anything else is a bug, and told as one. */
function isPassing(error: unknown): boolean {
  const marks = ['retryable', 'overloaded', 'durableObjectReset'] as const
  return typeof error === 'object' && error !== null && marks.some((mark) => Reflect.get(error, mark) === true)
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
  const handover: Handover = { upstream, url: request.url, responseTimeoutMs, terms }
  const headers = new Headers(request.headers)
  headers.set(TERMS_HEADER, base64url(utf8(JSON.stringify(handover))))
  const object = objects.get(objects.idFromName(holder))
  // ATTACK: a redirect of the service would lead back into the object, and from there, assertion and all, to whoever it names.
  const response = await object.fetch(request.url, { headers, redirect: 'manual' }).catch((error: unknown) => {
    if (!isPassing(error)) throw error
    throw new UpstreamFailed('resting', 'the socket object is away', { upstream, retryAfter: 2 })
  })
  const failed = response.headers.get(FAILED_HEADER)
  if (failed === null) return response
  if (failed === STORE_FAILED) throw new StoreUnavailable('sockets', 'told by the socket object')
  const after = response.headers.get('retry-after')
  const more = { upstream, ...(after === null ? {} : { retryAfter: Number(after) }) }
  throw new UpstreamFailed(failed as UpstreamFailed['kind'], 'told by the socket object', more)
}

/** From this size on the sending of a body is timed apart from the waiting for an answer, bytes. */
const LARGE = 64 * 1024

/** A body on its way to `fetch`, and when it was read whole; null: at once. */
interface Sending {
  readonly body: BodyInit | null
  readonly sent: Promise<unknown> | null
}

// WHY: piped by the platform itself, so that nothing of it passes through here; the length stands, so that a body that
// breaks off never looks whole.
function sendingOf({ body, headers }: UpstreamRequest): Sending {
  if (!(body instanceof ReadableStream)) return { body, sent: null }
  const length = headers.get('content-length')
  if (length !== null && Number(length) < LARGE) return { body, sent: null }
  const { readable, writable } = length === null ? new IdentityTransformStream() : new FixedLengthStream(Number(length))
  return { body: readable, sent: body.pipeTo(writable) }
}

/** What of the isolate the hop needs. */
export interface Place {
  clock(): number
  /** What must be fresh before anybody is judged again, such as the policy. */
  prepare(): Promise<void>
  failed(error: unknown): void
  /** Whether a cache of the platform would keep answers unless it is told not to. */
  keeps(): boolean
}

/** By what a request is sent. */
interface Hop {
  readonly binding: Binding
  readonly place: Place
}

/** `fetch` as the hop uses it: no redirect followed, nothing kept. */
function sendBy(
  { binding, place }: Hop,
  request: UpstreamRequest,
  body: BodyInit | null,
  signal: AbortSignal | null,
): Promise<Response> {
  const { url, method, headers } = request
  const init: RequestInit = { method, headers, redirect: 'manual' }
  // WHY: workerd by itself keeps no answers, and being told not to costs it a sixth of the whole request.
  if (place.keeps()) init.cache = 'no-store'
  if (body !== null) init.body = body
  if (signal !== null) init.signal = signal
  return binding.fetch(url, init)
}

/**
 * Without a body nothing has to be aborted by us: workerd ends what a request has under way together with the request,
 * when its client is gone and when it was answered with a 504. An object outlives its requests, and says so.
 */
function sendBodiless(request: UpstreamRequest, hop: Hop): Promise<Response> {
  const { abandon } = request
  if (abandon !== undefined) return sendAbandonable(request, hop, abandon)
  return new Promise((resolve, reject) => {
    // WHY: the timer is not cleared: that costs workerd a twentieth of the request, and it ends with it anyway.
    setTimeout(() => reject(lateFailure(request)), request.responseTimeoutMs)
    sendBy(hop, request, null, null).then(resolve, reject)
  })
}

async function sendAbandonable(request: UpstreamRequest, hop: Hop, abandon: AbortController): Promise<Response> {
  const timer = setTimeout(() => abandon.abort(), request.responseTimeoutMs)
  try {
    return await sendBy(hop, request, null, abandon.signal)
  } catch (error) {
    throw abandon.signal.aborted ? lateFailure(request) : error
  } finally {
    clearTimeout(timer)
  }
}

function lateFailure({ upstream }: UpstreamRequest): UpstreamFailed {
  return new UpstreamFailed('timeout', 'no answer in time', { upstream })
}

async function sendWithBody(request: UpstreamRequest, hop: Hop): Promise<Response> {
  const { method, upstream, signal } = request
  // WHY: `fetch` takes no such request; to pass it on without its body would be another one.
  if (method === 'GET' || method === 'HEAD') throw new UpstreamFailed('unsendable', 'a GET with a body', { upstream })
  const timer = new AbortController()
  let isAnswered = false
  let isLate = false
  const late = () => {
    if (isAnswered) return
    isLate = true
    timer.abort()
  }
  const wait = () => {
    if (!isAnswered) setTimeout(late, request.responseTimeoutMs)
  }
  const { body, sent } = sendingOf(request)
  // WHY: a body that breaks off is told by `fetch` itself.
  if (sent === null) wait()
  else sent.then(wait, () => undefined)
  // WHY: `AbortSignal.any` costs as much as a third of the whole request here; a listener costs little.
  signal?.addEventListener('abort', () => timer.abort())
  if (signal?.aborted === true) timer.abort()
  try {
    return await sendBy(hop, request, body, timer.signal)
  } catch (error) {
    throw isLate ? lateFailure(request) : error
  } finally {
    isAnswered = true
  }
}

/** What a hop that `fetch` gave up is told as. */
function failureOf(error: unknown, { upstream }: UpstreamRequest): UpstreamFailed {
  if (error instanceof UpstreamFailed) return error
  return new UpstreamFailed('unreachable', error instanceof Error ? error.name : 'failed', { upstream })
}

/**
 * One hop past its breaker. The platform says of a refused connection and of one that was lost later the same, so that
 * both count, and nothing is sent twice.
 *
 * ATTACK: of a body that its client broke off it says the same, too: counted, five of them would shut out everybody else.
 */
async function sendGuarded(request: UpstreamRequest, hop: Hop, line: UpstreamLine): Promise<Response> {
  const { upstream } = request
  line.enter()
  try {
    const response = await (request.body === null ? sendBodiless(request, hop) : sendWithBody(request, hop))
    const { status } = response
    // ATTACK: workerd hands out a 103 as if it were the answer, and what follows as its body: two answers in one; and 2000
    // as it came, which is the status of nothing. An answer above 599 could not be made anew without what is private.
    if ((status < 200 && status !== 101) || status > 599)
      throw new UpstreamFailed('unreachable', 'no final status', { error: 'http_protocol_error', upstream })
    line.answered()
    return response
  } catch (error) {
    const failure = failureOf(error, request)
    const mayBeClient = request.body instanceof ReadableStream || request.signal?.aborted === true
    if (failure.error === 'connection_terminated' && !mayBeClient) line.missed()
    throw failure
  }
}

/** Browsers break a socket whose offer nobody took: a ticket that was all of it is taken by us. */
function answered(response: Response, { echo }: UpstreamRequest): Response {
  const { webSocket } = response
  if (echo === undefined || webSocket === null || response.headers.has('sec-websocket-protocol')) return response
  return new Response(null, { status: 101, webSocket, headers: { 'sec-websocket-protocol': echo } })
}

// INVARIANT: fails closed: `fetch` writes the Host of the URL, and an upstream that tells its guests apart by theirs would
// serve the wrong ones.
function refuseForeignHosts({ upstreams }: Config): void {
  const wrong = upstreams.find(({ preserveHost }) => preserveHost)
  if (wrong === undefined) return
  const place = `hono.config.ts: PST501 upstreams.${wrong.name}.preserveHost`
  throw new Error(`${place}: Workers cannot send another Host than the address has; remove it`)
}

/** The hop to upstreams by `fetch` on Workers: manual redirects, no cache, the body passed on untouched. */
export function fetchUpstream(config: Config, env: Readonly<Record<string, unknown>>, place: Place): UpstreamClient {
  refuseForeignHosts(config)
  const lines = upstreamLines(config, place.clock)
  const bindings = new Map(config.upstreams.map((upstream) => [upstream.name, bindingOf(env, upstream.binding)]))
  const objects = env['SOCKETS'] as SocketObjects | undefined
  return {
    send(request) {
      const binding = bindings.get(request.upstream)
      const line = lines.get(request.upstream)
      if (binding === undefined || line === undefined) throw new Error(`no upstream "${request.upstream}"`)
      const { lease } = request
      // WHY: the object asks the breaker itself; asked here as well, the one trial it grants would be used up.
      const sent = lease === null ? sendGuarded(request, { binding, place }, line) : handOver(request, lease, objects)
      return request.echo === undefined ? sent : sent.then((response) => answered(response, request))
    },
    health: () => [...lines.values()].map((line) => line.health()),
    hold(response, lasting) {
      const isKept = async () => {
        await place.prepare()
        return lasting.isKept()
      }
      const held = holdResponse(response, { ...lasting, isKept }, place.failed)
      // WHY: what this platform hands over to be read is decoded, and would be coded again, held back until there is enough of it.
      if (held !== response) held.headers.delete('content-encoding')
      return held
    },
    // WHY: `fetch` parses every URL, and writes ' " < > of a query percent-encoded whatever it was given.
    written(url) {
      const { href, origin } = new URL(url)
      return href.slice(origin.length)
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
