import type { Observation } from '../ports/observation.ts'
import { LONGEST_WAIT_MS, WaitingLines } from './waiting-lines.ts'

/** Where lines go: standard output of a process. */
export interface LineOutput {
  /** @param written - told when the text has left, or why it has not */
  write(text: string, written: (error?: Error | null) => void): unknown
}

/** How often it is told that lines are lost, milliseconds. */
const TELL_EVERY_MS = 60_000

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
 *
 * @param lost - told, a minute apart, why lines cannot be written; the gateway serves on without them
 */
export function lineWriter(output: LineOutput, lost: (reason: string) => void): LineWriter {
  const waiting = new WaitingLines()
  let toldAt = Number.NEGATIVE_INFINITY
  const written = (error?: Error | null) => {
    if (error === undefined || error === null || performance.now() - toldAt < TELL_EVERY_MS) return
    toldAt = performance.now()
    lost(error.message)
  }
  let timer: ReturnType<typeof setTimeout> | null = null
  const flush = () => {
    if (timer !== null) clearTimeout(timer)
    timer = null
    if (waiting.since === null) return
    let text = ''
    for (const line of waiting.take()) text += `${line}\n`
    output.write(text, written)
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
