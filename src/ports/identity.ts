import type { Subject } from '../core/person.ts'
import type { Policy } from '../policy/policy.ts'
import type { Upstream } from './config.ts'

/** What of a request a message signature covers, as the upstream will see it. */
export interface SentRequest {
  readonly method: string
  /** Path and query, canonical. */
  readonly target: string
  /** All headers as they are sent, identity headers among them. */
  readonly headers: readonly (readonly [string, string])[]
  readonly identity: readonly (readonly [string, string])[]
}

/** Headers that say who asks. */
export type IdentityHeaders = readonly (readonly [string, string])[]

/** What upstreams are told about a caller, and which header names nobody else may use towards them. */
export interface IdentityWriter {
  /** Identity headers for one request, assertion included; anonymous callers have one too. At once when remembered. */
  headers(subject: Subject | null, policy: Policy, upstream: Upstream): IdentityHeaders | Promise<IdentityHeaders>
  /** `Signature-Input` and `Signature` over a request as it is sent; empty unless the upstream asks for them. */
  sign(upstream: Upstream, message: SentRequest): Promise<readonly (readonly [string, string])[]>
  /** Whether a raw header name of a client is one that only Postern may set for this upstream. */
  isReserved(upstream: Upstream, name: string): boolean
}
