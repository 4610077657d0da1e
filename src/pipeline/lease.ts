import type { Ask } from '../core/ask.ts'
import type { EndReason } from '../core/person.ts'
import type { Gateway } from '../ports/gateway.ts'
import { StoreUnavailable } from '../ports/store.ts'
import { authorize } from './authorize.ts'
import type { Verdict } from './verdict.ts'

/** How a live socket or stream is ended, in words of RFC 6455 section 7.4; 4000-4999 are for applications. */
export interface Closing {
  readonly code: 4401 | 4403 | 4409 | 4423 | 4503 | 1012
  readonly reason: string
}

/** Seconds a lease outlives a silent store (SPEC 10). */
export const GRACE_SECONDS = 60

const ENDED: Readonly<Record<EndReason, Closing>> = {
  expired: { code: 4401, reason: 'session expired' },
  'signed-out': { code: 4401, reason: 'signed out' },
  kicked: { code: 4401, reason: 'kicked' },
  banned: { code: 4423, reason: 'account suspended' },
  evicted: { code: 4409, reason: 'signed in elsewhere' },
}

/** How a verdict ends what was allowed before; null while it still is. */
export function closingOf(verdict: Verdict): Closing | null {
  switch (verdict.kind) {
    case 'allow':
      return null
    case 'challenge':
      return verdict.ended === null ? { code: 4401, reason: 'signed out' } : ENDED[verdict.ended]
    case 'refuse':
      return verdict.refusal.kind === 'suspended' ? ENDED.banned : { code: 4403, reason: 'permission lost' }
    case 'bad-credential':
    case 'cross-site':
      return { code: 4403, reason: 'permission lost' }
  }
}

/** One live socket or event stream, held as long as its session may do what it does. */
export interface Lease {
  readonly ask: Ask
  /** When the store last answered for it, seconds. */
  confirmedAt: number
  end(closing: Closing): void
}

/**
 * Judges a lease anew by the same decision that opened it; ends it when it is lost, or when the store has been silent
 * for the grace.
 */
export async function recheck(lease: Lease, gateway: Gateway): Promise<void> {
  const now = gateway.runtime.now()
  try {
    const closing = closingOf(await authorize(lease.ask, gateway))
    if (closing === null) lease.confirmedAt = now
    else lease.end(closing)
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error
    if (now - lease.confirmedAt > GRACE_SECONDS) lease.end({ code: 4503, reason: 'sessions cannot be checked' })
  }
}
