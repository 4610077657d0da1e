import type { Observation } from '../ports/observation.ts'
import { logLine } from './report.ts'

/** How long an observation may wait for others, milliseconds, and how many may. */
export const LONGEST_WAIT_MS = 20
const MOST_WAITING = 256

/**
 * Observations that wait to be written together.
 *
 * WHY: they are made into text together, too: between two requests the processor has other code at hand than that of lines, and
 * a line made there cost several times what one in a row of them does.
 */
export class WaitingLines {
  #observations: Observation[] = []
  #times: number[] = []

  /** Milliseconds at which the one that waits longest came; null when none does. */
  get since(): number | null {
    return this.#times[0] ?? null
  }

  get isFull(): boolean {
    return this.#times.length >= MOST_WAITING
  }

  /** @param at - milliseconds since the epoch */
  add(observation: Observation, at: number): void {
    this.#observations.push(observation)
    this.#times.push(at)
  }

  /** The lines of all that wait, in their order; none waits any more. */
  take(): readonly string[] {
    const times = this.#times
    const lines = this.#observations.map((observation, i) => logLine(observation, times[i] ?? 0))
    this.#observations = []
    this.#times = []
    return lines
  }
}
