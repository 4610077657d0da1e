import type { Flights } from '../ports/memory.ts'
import type { Found } from '../ports/store.ts'

/**
 * One store read for all who want the same session at the same time: the promise is shared, and forgotten as soon as it
 * settles, so that a failure is told to those who waited and remembered for nobody (seeds S25). Not for Workers, where no
 * request may wait for another's promise.
 */
export function sharedFlights(): Flights {
  const under = new Map<string, Promise<Found>>()
  return {
    load(want, read) {
      const known = under.get(want)
      if (known !== undefined) return known
      const fresh = read().finally(() => under.delete(want))
      under.set(want, fresh)
      return fresh
    },
  }
}

/** How long a late-comer waits for the value of another, milliseconds (SPEC 2). */
export const LONGEST_WAIT_MS = 25
const STEP_MS = 5
/** After this time a read is not waited for any more: its request may be gone, and nobody told us. */
const FORGOTTEN_MS = 1_000

/** What flights without shared promises need of the world. */
export interface OwnTimers {
  /** Resolves after some milliseconds, on a timer of the request that calls. */
  pause(ms: number): Promise<void>
  /** Milliseconds on a clock that only measures durations. */
  ticks(): number
}

/**
 * For Workers, where a request must not await what another one began: a late-comer looks for the value on a timer of its
 * own, at most 25 ms, and then reads itself. Only values are shared.
 */
export function separateFlights({ pause, ticks }: OwnTimers): Flights {
  const began = new Map<string, number>()
  const begin = async (want: string, read: () => Promise<Found>) => {
    const mine = ticks()
    began.set(want, mine)
    try {
      return await read()
    } finally {
      if (began.get(want) === mine) began.delete(want)
    }
  }
  return {
    async load(want, read, look) {
      const since = began.get(want)
      // WHY: a request that was canceled runs no `finally`; what it left here must not slow anybody for ever.
      if (since === undefined || ticks() - since > FORGOTTEN_MS) return begin(want, read)
      for (let waited = 0; waited < LONGEST_WAIT_MS; waited += STEP_MS) {
        await pause(STEP_MS)
        const found = look()
        if (found !== null) return found
        if (!began.has(want)) break
      }
      return read()
    },
  }
}
