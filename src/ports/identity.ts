import type { Subject } from '../core/person.ts'
import type { Policy } from '../policy/policy.ts'
import type { Upstream } from './config.ts'

/** What upstreams are told about a caller, and which header names nobody else may use towards them. */
export interface IdentityWriter {
  /** Identity headers for one request, assertion included; anonymous callers have one too. */
  headers(subject: Subject | null, policy: Policy, upstream: Upstream): Promise<readonly (readonly [string, string])[]>
  /** Whether a raw header name of a client is one that only Postern may set for this upstream. */
  isReserved(upstream: Upstream, name: string): boolean
}
