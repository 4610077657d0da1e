import type { Outbound } from './outbound.ts'
import { ProviderTrouble } from './trouble.ts'

/** How long a fetched document serves, in seconds. */
export interface Lifetimes {
  /** Younger than this it is used without asking. */
  readonly fresh: number
  /** Up to this age it still serves when the provider cannot be reached. */
  readonly lastGood: number
  /** Least time between two attempts while there is a document, and between two demands for a newer one. */
  readonly between: number
  /** Least time between two attempts while there is none. */
  readonly afterFailure: number
}

/** A remote document kept by value. */
export interface LastGood<T> {
  current(outbound: Outbound): Promise<T>
  /** A newer one if `between` allows asking, else what there is. */
  newer(outbound: Outbound): Promise<T>
}

const POLL_MS = 20
const WAIT_MS = 1000

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/**
 * Keeps the last good value of `load` and never lets many requests ask at once.
 *
 * Late-comers wait on timers of their own: on Workers one request must not await a promise of another, which may have
 * been cancelled with it; so a load that never ends is forgotten after one second.
 */
export function lastGood<T>(load: (outbound: Outbound) => Promise<T>, lifetimes: Lifetimes): LastGood<T> {
  let kept: { readonly value: T; readonly at: number } | null = null
  let failure: ProviderTrouble | null = null
  let attemptedAt = Number.NEGATIVE_INFINITY
  let loadingSince: number | null = null

  const isLoading = (outbound: Outbound): boolean =>
    loadingSince !== null && outbound.runtime.ticks() - loadingSince < WAIT_MS

  async function attempt(outbound: Outbound): Promise<T> {
    // INVARIANT: the mark is set before the first await, so of any number of callers in one turn exactly one loads.
    attemptedAt = outbound.now
    const began = outbound.runtime.ticks()
    loadingSince = began
    try {
      const value = await load(outbound)
      kept = { value, at: outbound.now }
      failure = null
      return value
    } catch (error) {
      failure = error instanceof ProviderTrouble ? error : null
      throw error
    } finally {
      if (loadingSince === began) loadingSince = null
    }
  }

  async function settled(outbound: Outbound): Promise<void> {
    while (isLoading(outbound)) await pause(POLL_MS)
  }

  async function cold(outbound: Outbound): Promise<T> {
    if (isLoading(outbound)) {
      await settled(outbound)
      if (kept !== null) return kept.value
    }
    if (failure !== null && outbound.now - attemptedAt < lifetimes.afterFailure) throw failure
    return attempt(outbound)
  }

  return {
    async current(outbound) {
      if (kept === null || outbound.now - kept.at >= lifetimes.lastGood) return cold(outbound)
      const { value, at } = kept
      if (outbound.now - at < lifetimes.fresh || isLoading(outbound)) return value
      if (outbound.now - attemptedAt < lifetimes.between) return value
      try {
        return await attempt(outbound)
      } catch (error) {
        if (error instanceof ProviderTrouble) return value
        throw error
      }
    },
    async newer(outbound) {
      if (kept === null) return cold(outbound)
      if (isLoading(outbound)) await settled(outbound)
      if (outbound.now - attemptedAt < lifetimes.between) return kept.value
      return attempt(outbound)
    },
  }
}
