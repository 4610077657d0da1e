import { seconds } from '../core/brand.ts'
import type { Observation } from '../ports/observation.ts'
import type { Runtime } from '../ports/runtime.ts'

/** A runtime whose background work can be waited for at the end. */
export interface ProcessRuntime extends Runtime {
  /** Waits for background work, at most so long. */
  drain(limitMs: number): Promise<void>
}

/**
 * The ambient side of a long-lived process: Node and Deno.
 *
 * @param report - told of every observation and when it came, milliseconds since the epoch
 */
export function processRuntime(report: (observation: Observation, at: number) => void): ProcessRuntime {
  const pending = new Set<Promise<unknown>>()
  const observe = (observation: Observation) => report(observation, Date.now())
  return {
    now: () => seconds(Math.floor(Date.now() / 1000)),
    ticks: () => performance.now(),
    random: (count) => crypto.getRandomValues(new Uint8Array(count)),
    fetch: (url, init) => fetch(url, { ...init, redirect: 'manual' }),
    background(work) {
      const watched = work.catch((error: unknown) =>
        observe({
          kind: 'background-failed',
          task: 'request',
          reason: error instanceof Error ? error.message : String(error),
        }),
      )
      pending.add(watched)
      void watched.finally(() => pending.delete(watched))
    },
    observe,
    async drain(limitMs) {
      const limit = new Promise<void>((resolve) => setTimeout(resolve, limitMs).unref?.())
      await Promise.race([Promise.allSettled([...pending]), limit])
    },
  }
}
