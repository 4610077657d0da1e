import { DurableObject } from 'cloudflare:workers'
import { problem, toResponse } from '../core/answer.ts'
import { fromBase64url } from '../core/bytes.ts'
import type { Lease } from '../pipeline/lease.ts'
import { StoreUnavailable } from '../ports/store.ts'
import { type LeaseTerms, UpstreamFailed } from '../ports/upstream.ts'
import { slide } from '../session/slide.ts'
import type { Built } from './build.ts'
import { type LeaseBook, leaseBook } from './lease-book.ts'
import { pumpObjects } from './object-pump.ts'

/** The header in which the Worker tells the object the terms; only a binding reaches an object, never a client. */
export const TERMS_HEADER = 'postern-lease-terms'

/** The header in which the object says that there was no answer; an error would lose its kind on the way. */
export const FAILED_HEADER = 'postern-upstream-failed'

/** What that header says where it was the store that did not answer. */
export const STORE_FAILED = 'store-unavailable'

/** How long a client who is gone has to have said why, milliseconds: its close may still be on the way. */
const GONE_MS = 1_000

/** What the Worker hands over with an upgrade that was let through. */
export interface Handover {
  readonly upstream: string
  /** Where the upgrade goes: the object is asked at no address of its own, and believes none. */
  readonly url: string
  readonly responseTimeoutMs: number
  readonly terms: LeaseTerms
}

function handoverOf(request: Request): Handover {
  const bytes = fromBase64url(request.headers.get(TERMS_HEADER) ?? '')
  if (bytes === null) throw new Error('a socket object was asked without terms')
  return JSON.parse(new TextDecoder().decode(bytes)) as Handover
}

async function connect(request: Request, { upstream, url, responseTimeoutMs }: Handover, { gateway }: Built) {
  const headers = new Headers(request.headers)
  headers.delete(TERMS_HEADER)
  try {
    const response = await gateway.upstream.send({
      upstream,
      url,
      method: 'GET',
      headers,
      body: null,
      signal: null,
      responseTimeoutMs,
      lease: null,
      abandon: new AbortController(),
    })
    return response.headers.has(FAILED_HEADER) ? unfailed(response) : response
  } catch (error) {
    if (!(error instanceof UpstreamFailed)) throw error
    const headers = { [FAILED_HEADER]: error.kind }
    const after = error.retryAfter === null ? {} : { 'retry-after': String(error.retryAfter) }
    return new Response(null, { status: 502, headers: { ...headers, ...after } })
  }
}

/** ATTACK: a service that says our word for a failure would have one told that is none. */
function unfailed(response: Response): Response {
  const passed = new Response(response.body, response)
  passed.headers.delete(FAILED_HEADER)
  return passed
}

/** Ends a service's side whose client left while it was being opened; nobody hears the answer. */
function unwanted(leg: WebSocket): Response {
  leg.accept()
  leg.close(1001)
  return new Response(null, { status: 400 })
}

/**
 * The live sockets of one session: named by its `sid`, so that whoever ends the session can tell it. Both legs end
 * here, because one request may not touch another's socket (DECISIONS 31).
 */
export abstract class SocketHolder<Env = unknown> extends DurableObject<Env> {
  #book: LeaseBook | null = null
  /** Sockets whose upstream has not answered yet. */
  #opening = 0

  /** The gateway of this isolate. */
  protected abstract built(): Promise<Built>

  async #bookOf({ gateway, policies }: Built): Promise<LeaseBook> {
    this.#book ??= leaseBook(gateway, () => policies.freshen())
    return this.#book
  }

  /** Something was changed that may end sockets of this session: judge them now. */
  async recheck(): Promise<void> {
    this.#book?.changed({ kind: 'everybody' })
  }

  /** An upgrade that the Worker let through. */
  override async fetch(request: Request): Promise<Response> {
    try {
      return await this.#open(request)
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error
      return new Response(null, { status: 503, headers: { [FAILED_HEADER]: STORE_FAILED } })
    }
  }

  async #open(request: Request): Promise<Response> {
    const handover = handoverOf(request)
    const built = await this.built()
    const { gateway } = built
    // WHY: counted before anything is waited for, so that many at once are no more than one may have.
    if ((this.#book?.size ?? 0) + this.#opening >= gateway.config.sockets.perSession)
      return toResponse(problem('rate-limited', handover.terms.ask.requestId, {}, [['retry-after', '5']]))
    this.#opening++
    try {
      return await this.#seat(request, handover, built)
    } finally {
      this.#opening--
    }
  }

  /** The upstream first, then the client's side, then the pump. */
  async #seat(request: Request, handover: Handover, built: Built): Promise<Response> {
    const response = await connect(request, handover, built)
    const leg = response.webSocket
    if (leg === null) return response
    // WHY: nobody takes the client's side any more: it would never end, and the service would keep a player who is gone.
    if (request.signal.aborted) return unwanted(leg)
    const pair = new WebSocketPair()
    const end = this.#hold(await this.#bookOf(built), built, handover, pair[1], leg)
    // WHY: who leaves before this answer is taken closes nothing that this side would hear of.
    request.signal.addEventListener('abort', () => setTimeout(end, GONE_MS, { code: 1001, reason: '' }))
    const protocol = response.headers.get('sec-websocket-protocol')
    return new Response(null, {
      status: 101,
      webSocket: pair[0],
      headers: protocol === null ? {} : { 'sec-websocket-protocol': protocol },
    })
  }

  /** Answers how to end both from here. */
  #hold(
    book: LeaseBook,
    { gateway }: Built,
    { terms, ...to }: Handover,
    client: WebSocket,
    upstream: WebSocket,
  ): ReturnType<typeof pumpObjects> {
    const comeBack = gateway.config.upstreams.find(({ name }) => name === to.upstream)?.reconnectCode ?? 1012
    const { ask, subject, activity, maxAgeSeconds } = terms
    const { runtime } = gateway
    let age: ReturnType<typeof setTimeout> | null = null
    const began = runtime.ticks()
    for (const leg of [client, upstream]) leg.binaryType = 'arraybuffer'
    const lease: Lease | null =
      subject === null ? null : { ask, subject, confirmedAt: runtime.now(), end: (closing) => end(closing) }
    const end = pumpObjects({
      maxMessage: gateway.config.sockets.maxMessageBytes,
      client,
      upstream,
      clock: () => runtime.ticks(),
      active() {
        if (activity && lease?.subject.kind === 'session') slide(gateway, lease.subject.user, lease.subject.session)
      },
      over(code, by) {
        if (lease !== null) book.remove(lease)
        if (age !== null) clearTimeout(age)
        runtime.observe({
          kind: 'socket-closed',
          requestId: ask.requestId,
          rule: terms.rule,
          code,
          by,
          sid: lease?.subject.kind === 'session' ? lease.subject.session.sid : null,
          seconds: Math.round((runtime.ticks() - began) / 1000),
        })
      },
    })
    if (lease !== null) book.add(lease)
    const sid = lease?.subject.kind === 'session' ? lease.subject.session.sid : null
    runtime.observe({ kind: 'socket-opened', requestId: ask.requestId, rule: terms.rule, sid })
    if (maxAgeSeconds !== null)
      age = setTimeout(() => end({ code: comeBack, reason: 'reconnect' }), maxAgeSeconds * 1000)
    // WHY: listeners first: what comes before `accept` waits, so early frames are not lost. Each leg is closed by us.
    client.accept({ allowHalfOpen: true })
    upstream.accept({ allowHalfOpen: true })
    return end
  }
}
