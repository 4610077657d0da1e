import { seconds } from '../core/brand.ts'
import type { Gateway } from '../ports/gateway.ts'
import { endGuestsNow, GUESTS_EVERY_MS } from './guest-clock.ts'
import { sweepAndTell } from './session-counts.ts'

/** How often requests sweep. One invocation ends some hundred sessions at most, so it is oftener than hourly (seeds S9). */
export const SWEEP_EVERY_MS = 600_000
/** Shorter than the clock, which may be a moment early. */
const TURN = seconds(590)

/**
 * Sweeps the store, unless another isolate or process did within the turn.
 *
 * @throws StoreUnavailable
 */
export async function sweepNow(gateway: Gateway): Promise<void> {
  const { store, runtime } = gateway
  const mine = await store.rates.hit('sweep', 1, TURN, runtime.now())
  if (mine.allowed) await sweepAndTell(gateway)
}

/**
 * Told of every request, where nothing else tells the time: no process with a timer, no object with an alarm. Looks for
 * what is due in the background, one kind of work a request, since Workers bound what one invocation may ask for.
 *
 * @param clock - milliseconds
 */
export function requestClock(clock: () => number): (gateway: Gateway) => void {
  let sweptAt = Number.NEGATIVE_INFINITY
  let guestsAt = Number.NEGATIVE_INFINITY
  return (gateway) => {
    if (gateway.config.store.kind === 'embedded') return
    const now = clock()
    // WHY: the rarer one first, or an isolate with a request a minute would never come to it.
    if (now - sweptAt >= SWEEP_EVERY_MS) {
      sweptAt = now
      gateway.runtime.background(sweepNow(gateway))
    } else if (now - guestsAt >= GUESTS_EVERY_MS) {
      guestsAt = now
      gateway.runtime.background(endGuestsNow(gateway, 'claim'))
    }
  }
}
