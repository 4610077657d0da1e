import type { Target } from './target.ts'

/** What a request brings of one-time tickets, and the path it brings them to. */
export interface PresentedTicket {
  /** None: it was taken already, and this is what it opened. */
  readonly values: readonly string[]
  readonly path: string
}

/** The credentials of a request, taken out before the headers are cleaned. */
export interface Credentials {
  /** The raw `Cookie` header; null when there is none. */
  readonly cookie: string | null
  /** The raw `Authorization` header; null when there is none; joined by `, ` when sent twice. */
  readonly authorization: string | null
  /** The raw `X-Api-Token` header. */
  readonly apiToken: string | null
  /** Sockets only; it decides alone, and nothing else is read then. */
  readonly ticket?: PresentedTicket
}

/** What a browser says about itself; all of it can be absent, and all of it can be a lie outside browsers. */
export interface BrowserFacts {
  readonly origin: string | null
  /** Sec-Fetch-Site */
  readonly site: string | null
  /** Sec-Fetch-Mode */
  readonly mode: string | null
  /** Sec-Fetch-Dest */
  readonly dest: string | null
  /** At a host that is shown inside other sites a frame is a page visit; absent elsewhere. */
  readonly frames?: 'pages'
  readonly accept: string | null
  readonly requestedWith: string | null
  /** Accept-Language */
  readonly languages: string | null
  /** Access-Control-Request-Method of a preflight. */
  readonly preflight: string | null
  /** Access-Control-Request-Headers of a preflight. */
  readonly preflightHeaders: string | null
}

/** Plain facts of one request: everything a decision may use, and nothing else. Every front makes one. */
export interface Ask {
  readonly requestId: string
  readonly front: 'http' | 'socket' | 'forward-auth'
  /** Upper case, token grammar. HEAD is judged as GET by the matcher. */
  readonly method: string
  /** Lower-case host without default port and trailing dot. */
  readonly host: string
  readonly target: Target
  readonly credentials: Credentials
  readonly browser: BrowserFacts
  /** The client's address as far as it can be proven; null otherwise. */
  readonly address: string | null
  readonly country: string | null
  /** Whether the client showed a certificate that whoever ends its TLS has verified, as far as it can be proven (seeds O8). */
  readonly certified: boolean
  readonly userAgent: string
  /** Value of the configured client-kind header. */
  readonly client: string | null
  /** Content-Type and Content-Length, for rules that read a small JSON body. */
  readonly contentType: string | null
  readonly contentLength: number | null
  /** The field of the body that a decision was made with: for deciding again while what was let through goes on. */
  readonly field?: string | number | boolean | null
}
