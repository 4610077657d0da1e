import { Buffer } from 'node:buffer'
import { fstatSync, writeSync } from 'node:fs'
import process from 'node:process'
import type { LineOutput } from './line-writer.ts'

const STDOUT = 1

/**
 * Standard output for a log whose reader may go away and whose disk may be full: neither ends the gateway.
 *
 * WHY: into a file without the stream, whose write throws on Deno, and which then keeps all that comes after in memory.
 */
export function standardOutput(): LineOutput {
  // WHY: a stream without a listener for its errors hands them to the process.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  const kind = fstatSync(STDOUT)
  if (!kind.isFile() && (!kind.isCharacterDevice() || process.stdout.isTTY)) return process.stdout
  return {
    write(text, written) {
      try {
        // WHY: a write may take less than it is given, as on a disk that fills up.
        for (let rest = Buffer.from(text); rest.length > 0; ) rest = rest.subarray(writeSync(STDOUT, rest))
      } catch (error) {
        written(error instanceof Error ? error : new Error(String(error)))
      }
    },
  }
}

/** Says on standard error that lines are lost; where that cannot be said either, nobody is left to be told. */
export function linesLost(reason: string): void {
  try {
    process.stderr.write(`the log cannot be written: ${reason}; requests are served on without it\n`)
  } catch {}
}
