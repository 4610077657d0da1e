import { seconds } from '../core/brand.ts'
import { endGuests } from '../login/guest-ends.ts'
import type { Gateway } from '../ports/gateway.ts'

/** How often guest accounts that are over are looked for. */
export const GUESTS_EVERY_MS = 60_000
/** Shorter than the clock, which may be a moment early. */
const TURN = seconds(50)

/**
 * One look at the guest accounts that are over. Where processes or isolates share a store, one of them does it for all.
 *
 * @param turn - `claim` where others look too
 * @param batches - how many batches at most; Workers bound what one invocation may ask for
 * @throws StoreUnavailable
 */
export async function endGuestsNow(gateway: Gateway, turn: 'claim' | 'alone', batches = 1): Promise<void> {
  if (turn === 'claim') {
    const mine = await gateway.store.rates.hit('guest-ends', 1, TURN, gateway.runtime.now())
    if (!mine.allowed) return
  }
  for (let n = 0; n < batches; n++) if ((await endGuests(gateway)).left !== 'more') return
}

/** One look in the background, by a process: at all that are over. */
export function guestLook(gateway: Gateway): () => void {
  const turn = gateway.config.store.kind === 'embedded' ? 'alone' : 'claim'
  return () => gateway.runtime.background(endGuestsNow(gateway, turn, Number.POSITIVE_INFINITY))
}

/** Looks at once and every minute, until it is stopped. */
export function guestClock(gateway: Gateway): { stop(): void } {
  const look = guestLook(gateway)
  look()
  const timer = setInterval(look, GUESTS_EVERY_MS)
  return { stop: () => clearInterval(timer) }
}
