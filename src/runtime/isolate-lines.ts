import type { Observation } from '../ports/observation.ts'
import { LONGEST_WAIT_MS, WaitingLines } from './waiting-lines.ts'

/** What lines need of an isolate. */
export interface IsolateOutput {
  write(text: string): void
  /** Calls back after some milliseconds, although the request that asks for it has ended by then. */
  later(ms: number, then: () => void): void
}

/**
 * Collects the observations of the requests of an isolate for a moment and writes them together: a call of `console.log` costs
 * workerd as much as half a bare request.
 *
 * TRADE-OFF: an isolate that is ended loses the lines of its last 20 ms.
 */
export function isolateLines({ write, later }: IsolateOutput): (observation: Observation, at: number) => void {
  const waiting = new WaitingLines()
  const flush = () => {
    if (waiting.since !== null) write(waiting.take().join('\n'))
  }
  return (observation, at) => {
    if (waiting.since === null) later(LONGEST_WAIT_MS, flush)
    waiting.add(observation, at)
    // WHY: the platform may cancel the request whose timer this is: then the next line is the clock.
    if (waiting.isFull || at - (waiting.since ?? at) >= LONGEST_WAIT_MS) flush()
  }
}
