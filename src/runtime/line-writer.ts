import type { Observation } from '../ports/observation.ts'
import { LONGEST_WAIT_MS, WaitingLines } from './waiting-lines.ts'

/** Where lines go: standard output of a process. */
export interface LineOutput {
  write(text: string): unknown
}

/** Writes observations as lines, many at once. */
export interface LineWriter {
  /** @param at - milliseconds since the epoch */
  report(observation: Observation, at: number): void
  /** Writes what waits; at the end of a process nothing else does. */
  flush(): void
}

/**
 * Collects observations for a moment and writes them together: one system call for a few hundred requests, not one for each.
 *
 * TRADE-OFF: a process that is killed outright loses the lines of its last 20 ms; what must not be lost is in the audit log.
 */
export function lineWriter(output: LineOutput): LineWriter {
  const waiting = new WaitingLines()
  let timer: ReturnType<typeof setTimeout> | null = null
  const flush = () => {
    if (timer !== null) clearTimeout(timer)
    timer = null
    if (waiting.since === null) return
    let text = ''
    for (const line of waiting.take()) text += `${line}\n`
    output.write(text)
  }
  return {
    report(observation, at) {
      waiting.add(observation, at)
      if (waiting.isFull) flush()
      else timer ??= setTimeout(flush, LONGEST_WAIT_MS)
    },
    flush,
  }
}
