import { seconds } from '../../../../src/core/brand.ts'
import type { Observation } from '../../../../src/ports/observation.ts'
import type { Runtime } from '../../../../src/ports/runtime.ts'

/** A runtime on the machine's own clock and network, with what it observed and which addresses it called. */
export interface TestRuntime extends Runtime {
  readonly observed: Observation[]
  readonly called: string[]
  /** Moves the clock that `now()` shows, in seconds. */
  advance(by: number): void
}

/** Real clock, real `fetch`; `advance` adds to the clock. */
export function testRuntime(): TestRuntime {
  let ahead = 0
  const observed: Observation[] = []
  const called: string[] = []
  return {
    observed,
    called,
    advance(by) {
      ahead += by
    },
    now: () => seconds(Math.floor(Date.now() / 1000) + ahead),
    ticks: () => performance.now() + ahead * 1000,
    random: (count) => crypto.getRandomValues(new Uint8Array(count)),
    fetch(url, init) {
      called.push(url)
      return fetch(url, { redirect: 'manual', ...init })
    },
    background: (work) => void work.catch(() => undefined),
    observe: (observation) => void observed.push(observation),
  }
}
