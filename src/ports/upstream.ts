import type { Ask } from '../core/ask.ts'
import type { Seconds } from '../core/brand.ts'
import type { Subject } from '../core/person.ts'

/** What went wrong on the way to an upstream; never shown to a client with an address. */
export class UpstreamFailed extends Error {
  override readonly name = 'UpstreamFailed'
  readonly kind: 'unreachable' | 'timeout' | 'upgrade-refused'
  constructor(kind: 'unreachable' | 'timeout' | 'upgrade-refused', reason: string) {
    super(reason)
    this.kind = kind
  }
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
   * A socket that is accepted only to be closed: browsers cannot read a refused upgrade. Runtimes whose upgrades do not
   * come as a Request have no use for it.
   *
   * @param protocol - the client's first offer; null when it offered none
   */
  closeAtOnce?(protocol: string | null, code: number, reason: string): Response
}
