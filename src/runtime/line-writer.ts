/** Where lines go: standard output of a process. */
export interface LineOutput {
  write(text: string): unknown
}

/** Writes lines, many at once. */
export interface LineWriter {
  line(text: string): void
  /** Writes what waits; at the end of a process nothing else does. */
  flush(): void
}

/** How long a line may wait for others, milliseconds, and how much may wait. */
const LONGEST_WAIT_MS = 20
const MOST_WAITING = 64 * 1024

/**
 * Collects lines for a moment and writes them together: one system call for a few hundred requests, not one for each.
 *
 * TRADE-OFF: a process that is killed outright loses the lines of its last 20 ms; what must not be lost is in the audit log.
 */
export function lineWriter(output: LineOutput): LineWriter {
  let waiting = ''
  let timer: ReturnType<typeof setTimeout> | null = null
  const flush = () => {
    if (timer !== null) clearTimeout(timer)
    timer = null
    if (waiting === '') return
    const text = waiting
    waiting = ''
    output.write(text)
  }
  return {
    line(text) {
      waiting += `${text}\n`
      if (waiting.length >= MOST_WAITING) flush()
      else timer ??= setTimeout(flush, LONGEST_WAIT_MS)
    },
    flush,
  }
}
