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

interface Shelf<T> {
  readonly load: (outbound: Outbound) => Promise<T>
  readonly lifetimes: Lifetimes
  kept: { readonly value: T; readonly at: number } | null
  failure: ProviderTrouble | null
  attemptedAt: number
  /** On the clock of durations; null when nobody loads. */
  loadingSince: number | null
}

const POLL_MS = 20
const WAIT_MS = 1000

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function isLoading<T>(shelf: Shelf<T>, outbound: Outbound): boolean {
  return shelf.loadingSince !== null && outbound.runtime.ticks() - shelf.loadingSince < WAIT_MS
}

async function settled<T>(shelf: Shelf<T>, outbound: Outbound): Promise<void> {
  for (let waited = 0; waited < WAIT_MS && isLoading(shelf, outbound); waited += POLL_MS) await pause(POLL_MS)
}

async function attempt<T>(shelf: Shelf<T>, outbound: Outbound): Promise<T> {
  // INVARIANT: the marks are set before the first await, so of any number of callers in one turn exactly one loads.
  const began = outbound.runtime.ticks()
  shelf.attemptedAt = outbound.now
  shelf.loadingSince = began
  try {
    const value = await shelf.load(outbound)
    shelf.kept = { value, at: outbound.now }
    shelf.failure = null
    return value
  } catch (error) {
    shelf.failure = error instanceof ProviderTrouble ? error : null
    throw error
  } finally {
    if (shelf.loadingSince === began) shelf.loadingSince = null
  }
}

/** A time of before a clock was put back says nothing: what it holds up would be held up until the clock is there again. */
function redate<T>(shelf: Shelf<T>, { now }: Outbound): void {
  if (shelf.attemptedAt > now) shelf.attemptedAt = Number.NEGATIVE_INFINITY
  if (shelf.kept !== null && shelf.kept.at > now) shelf.kept = { ...shelf.kept, at: now }
}

async function first<T>(shelf: Shelf<T>, outbound: Outbound): Promise<T> {
  if (isLoading(shelf, outbound)) {
    const before = shelf.kept
    await settled(shelf, outbound)
    if (shelf.kept !== null && shelf.kept !== before) return shelf.kept.value
  }
  if (shelf.failure !== null && outbound.now - shelf.attemptedAt < shelf.lifetimes.afterFailure) throw shelf.failure
  return attempt(shelf, outbound)
}

async function current<T>(shelf: Shelf<T>, outbound: Outbound): Promise<T> {
  redate(shelf, outbound)
  const { kept, lifetimes, attemptedAt } = shelf
  if (kept === null || outbound.now - kept.at >= lifetimes.lastGood) return first(shelf, outbound)
  const isRecent = outbound.now - kept.at < lifetimes.fresh || outbound.now - attemptedAt < lifetimes.between
  if (isRecent || isLoading(shelf, outbound)) return kept.value
  try {
    return await attempt(shelf, outbound)
  } catch (error) {
    if (error instanceof ProviderTrouble) return kept.value
    throw error
  }
}

async function newer<T>(shelf: Shelf<T>, outbound: Outbound): Promise<T> {
  redate(shelf, outbound)
  if (shelf.kept === null) return first(shelf, outbound)
  if (isLoading(shelf, outbound)) await settled(shelf, outbound)
  if (outbound.now - shelf.attemptedAt < shelf.lifetimes.between) return shelf.kept.value
  return attempt(shelf, outbound)
}

/**
 * Keeps the last good value of `load` and never lets many requests ask at once.
 *
 * Late-comers wait on timers of their own: on Workers one request must not await a promise of another, which may have
 * been cancelled with it; so a load that never ends is forgotten after one second.
 */
export function lastGood<T>(load: (outbound: Outbound) => Promise<T>, lifetimes: Lifetimes): LastGood<T> {
  const shelf: Shelf<T> = {
    load,
    lifetimes,
    kept: null,
    failure: null,
    attemptedAt: Number.NEGATIVE_INFINITY,
    loadingSince: null,
  }
  return { current: (outbound) => current(shelf, outbound), newer: (outbound) => newer(shelf, outbound) }
}
