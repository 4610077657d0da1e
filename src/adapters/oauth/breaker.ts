import type { ProviderFault } from '../../ports/provider.ts'

/** Outcome of a guarded step as the breaker sees it; `neutral` says nothing about the provider's health. */
export type Health = 'answered' | 'failed' | 'neutral'

/** Keeps a failing provider from holding up sign-ins. Times are seconds. */
export interface Breaker {
  /** Null when the step may run; otherwise the fault to answer with. `probe`: the step really talks to the provider. */
  enter(now: number, step: 'probe' | 'look'): ProviderFault | null
  leave(now: number, health: Health, retryAfter: number | null): void
}

const FAILURES = 5
const OPEN_SECONDS = 30
const PROBE_SECONDS = 15

/**
 * Opens after five failures in a row, or at once for as long as the provider's own `Retry-After` says; then lets one
 * probe through at a time.
 */
export function breaker(): Breaker {
  let failures = 0
  let openUntil = 0
  let probeUntil = 0
  let isOpen = false
  /** When it was asked or told last. */
  let lastAt = 0

  /** A clock that was put back would keep it open until it is where it was. */
  const redate = (now: number): void => {
    if (now < lastAt) [openUntil, probeUntil] = [0, 0]
    lastAt = now
  }
  const closed = (wait: number): ProviderFault => ({
    kind: 'unavailable',
    reason: 'breaker-open',
    retryAfter: Math.max(1, wait),
  })
  return {
    enter(now, step) {
      if (!isOpen) return null
      redate(now)
      if (now < openUntil) return closed(openUntil - now)
      if (step === 'look') return null
      if (now < probeUntil) return closed(probeUntil - now)
      // WHY: with an end of its own, because a cancelled request never reports back.
      probeUntil = now + PROBE_SECONDS
      return null
    },
    leave(now, health, retryAfter) {
      redate(now)
      probeUntil = 0
      if (health === 'neutral') return
      if (health === 'answered') {
        failures = 0
        isOpen = false
        return
      }
      failures += 1
      if (failures < FAILURES && retryAfter === null && !isOpen) return
      isOpen = true
      openUntil = Math.max(openUntil, now + (retryAfter ?? OPEN_SECONDS))
    },
  }
}
