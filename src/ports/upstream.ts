/** What went wrong on the way to an upstream; never shown to a client with an address. */
export class UpstreamFailed extends Error {
  override readonly name = 'UpstreamFailed'
  readonly kind: 'unreachable' | 'timeout' | 'upgrade-refused'
  constructor(kind: 'unreachable' | 'timeout' | 'upgrade-refused', reason: string) {
    super(reason)
    this.kind = kind
  }
}

/** One request to an upstream, ready to go: nothing in it is changed on the way. */
export interface UpstreamRequest {
  readonly upstream: string
  /** Absolute URL made of the upstream's origin and the canonical target. */
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly body: ReadableStream<Uint8Array> | null
  readonly signal: AbortSignal | null
  readonly responseTimeoutMs: number
}

/** The hop to the upstream, as this runtime does it best. Redirects are not followed, bodies are not decoded. */
export interface UpstreamClient {
  /** @throws UpstreamFailed */
  send(request: UpstreamRequest): Promise<Response>
}
