import { seconds } from '../core/brand.ts'
import type { Subject } from '../core/person.ts'
import type { Gateway } from '../ports/gateway.ts'

const HOUR = seconds(3600)

/** A token that has used up its hour: what its limit is, and in how many seconds the next call may come. */
export interface TokenExcess {
  readonly limit: number
  readonly retryAfter: number
}

/** Whether calls of this caller are counted by the hour. */
export function hasHourlyLimit(subject: Subject | null): boolean {
  return subject?.kind === 'token' && (subject.token.hourlyLimit ?? null) !== null
}

/**
 * Counts one call of an API token against its own hourly limit: one atomic operation, and none for everybody else. The
 * hour begins with its first call; what is refused here is not counted. A token and the one it replaced are counted as
 * one (seeds T6).
 *
 * @returns null while the call is within the limit
 * @throws StoreUnavailable
 */
export async function countTokenCall(subject: Subject | null, gateway: Gateway): Promise<TokenExcess | null> {
  if (subject?.kind !== 'token') return null
  const { id, hourlyLimit: limit = null } = subject.token
  if (limit === null) return null
  const hit = await gateway.store.rates.hit(`token-hour ${id}`, limit, HOUR, gateway.runtime.now())
  return hit.allowed ? null : { limit, retryAfter: Math.max(1, hit.retryAfter) }
}

/** What a refusal for a used-up hour says beside its code: whose limit it is, and when to come again. */
export function excessDetails({ limit, retryAfter }: TokenExcess): {
  readonly headers: readonly (readonly [string, string])[]
  readonly members: Readonly<Record<string, string | number>>
} {
  return {
    headers: [['retry-after', String(retryAfter)]],
    members: { counted: 'token', limit, window_seconds: HOUR },
  }
}
