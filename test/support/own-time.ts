/** How often this process looks whether it stands still, milliseconds. */
const EVERY_MS = 10

/** What some work came to, and how long it took. */
export interface Timed<T> {
  readonly value: T
  /** Milliseconds, less those in which this process itself stood still. */
  readonly ms: number
}

/**
 * Times work of this process on a machine that may be busy: what a moment without the processor adds is no fault of the
 * work. Not for what another process does, whose standing still is not seen from here, nor for work that computes.
 */
export async function ownTime<T>(work: () => Promise<T>): Promise<Timed<T>> {
  let still = 0
  let seen = performance.now()
  const look = () => {
    const now = performance.now()
    still += Math.max(0, now - seen - EVERY_MS)
    seen = now
  }
  const began = seen
  const watch = setInterval(look, EVERY_MS)
  try {
    const value = await work()
    look()
    return { value, ms: seen - began - still }
  } finally {
    clearInterval(watch)
  }
}
