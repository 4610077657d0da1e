import type { Ask } from '../core/ask.ts'
import type { Seconds } from '../core/brand.ts'
import type { Circuit } from '../core/breaker.ts'
import type { Subject } from '../core/person.ts'

/** How a hop came to nothing; `resting`: nobody was asked, because its breaker is open; `unsendable`: this runtime cannot. */
export type UpstreamFailure = 'unreachable' | 'timeout' | 'upgrade-refused' | 'resting' | 'unsendable'

/** Error types of RFC 9209 section 2.3 that a hop here can end with. */
export type ProxyError =
  | 'dns_error'
  | 'destination_unavailable'
  | 'destination_ip_unroutable'
  | 'connection_refused'
  | 'connection_timeout'
  | 'connection_terminated'
  | 'tls_certificate_error'
  | 'http_response_timeout'
  | 'http_response_incomplete'
  | 'http_protocol_error'
  | 'http_upgrade_failed'
  | 'http_request_error'

const USUAL: Readonly<Record<UpstreamFailure, ProxyError>> = {
  unreachable: 'connection_terminated',
  timeout: 'http_response_timeout',
  'upgrade-refused': 'http_upgrade_failed',
  resting: 'destination_unavailable',
  unsendable: 'http_request_error',
}

const NEVER_CONNECTED: ReadonlySet<ProxyError> = new Set([
  'dns_error',
  'destination_ip_unroutable',
  'connection_refused',
  'connection_timeout',
  'tls_certificate_error',
])

/** What went wrong on the way to an upstream; never shown to a client with an address. */
export class UpstreamFailed extends Error {
  override readonly name = 'UpstreamFailed'
  readonly kind: UpstreamFailure
  readonly error: ProxyError
  /** Which one, by its configured name; empty where the thrower does not know. */
  readonly upstream: string
  /** Seconds after which it may be worth trying again; null: nobody knows. */
  readonly retryAfter: number | null
  constructor(
    kind: UpstreamFailure,
    reason: string,
    more: { readonly error?: ProxyError; readonly upstream?: string; readonly retryAfter?: number } = {},
  ) {
    super(reason)
    this.kind = kind
    this.error = more.error ?? USUAL[kind]
    this.upstream = more.upstream ?? ''
    this.retryAfter = more.retryAfter ?? null
  }

  /** Whether not one byte can have reached the upstream, so that the same request may be sent once more. */
  get isUnsent(): boolean {
    return NEVER_CONNECTED.has(this.error)
  }
}

/** How an upstream does, as far as this process or isolate knows. */
export interface UpstreamHealth {
  readonly name: string
  readonly state: Circuit
}

/** A long-lived answer that somebody may lose the right to. */
export interface LastingAnswer {
  /** Whether it may go on; asked again every few seconds. */
  isKept(): Promise<boolean>
  readonly maxAgeSeconds: Seconds | null
}

/** A body on its way: a stream, or bytes that were read already. */
export type UpstreamBody = ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | null

/** One request to an upstream, ready to go: nothing in it is changed on the way. */
export interface UpstreamRequest {
  readonly upstream: string
  /** Absolute URL made of the upstream's origin and the canonical target. */
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly body: UpstreamBody
  readonly signal: AbortSignal | null
  readonly responseTimeoutMs: number
  /** Aborted when the answer is late, where nothing else would end the hop; absent: it ends by itself. */
  readonly abandon?: AbortController
  /** Upgrades: under which terms the socket lives; null: its 101 is handed back untouched. */
  readonly lease: LeaseTerms | null
  /** Upgrades: the subprotocol the client is answered with where the upstream chose none; absent: none. */
  readonly echo?: string
}

/** What binds a live socket to who opened it. */
export interface LeaseTerms {
  /** The question that was answered with yes; asked again while the socket lives. */
  readonly ask: Ask
  /** Null: nobody was needed, and only the age ends it. */
  readonly subject: Subject | null
  readonly rule: string
  readonly maxAgeSeconds: Seconds | null
  /** Whether frames of the client slide the session. */
  readonly activity: boolean
}

/** The hop to the upstream, as this runtime does it best. Redirects are not followed, bodies are not decoded. */
export interface UpstreamClient {
  /** @throws UpstreamFailed */
  send(request: UpstreamRequest): Promise<Response>
  /**
   * Path and query of a URL as they will stand on the wire, where the runtime does not write them as it is told: a
   * signature is over what is sent.
   */
  written?(url: string): string
  /**
   * A socket that is accepted only to be closed: browsers cannot read a refused upgrade. Runtimes whose upgrades do not
   * come as a Request have no use for it.
   *
   * @param protocol - the client's first offer; null when it offered none
   */
  closeAtOnce?(protocol: string | null, code: number, reason: string): Response
  /** The same answer, cut once it may not go on. */
  hold?(response: Response, lasting: LastingAnswer): Response
  /** Every upstream and how it does. */
  health?(): readonly UpstreamHealth[]
}
