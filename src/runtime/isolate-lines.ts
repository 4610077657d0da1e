/** How long a line may wait for others, milliseconds, and how much may wait. */
const LONGEST_WAIT_MS = 20
const MOST_WAITING = 64 * 1024

/** What lines need of an isolate. */
export interface IsolateOutput {
  write(text: string): void
  /** Calls back after some milliseconds, although the request that asks for it has ended by then. */
  later(ms: number, then: () => void): void
  /** Milliseconds. */
  clock(): number
}

/**
 * Collects the lines of the requests of an isolate for a moment and writes them together: a call of `console.log` costs
 * workerd as much as half a bare request.
 *
 * TRADE-OFF: an isolate that is ended loses the lines of its last 20 ms.
 */
export function isolateLines({ write, later, clock }: IsolateOutput): (line: string) => void {
  let waiting: string[] = []
  let length = 0
  let since = 0
  const flush = () => {
    if (waiting.length > 0) write(waiting.join('\n'))
    waiting = []
    length = 0
  }
  return (line) => {
    const now = clock()
    if (waiting.length === 0) {
      since = now
      later(LONGEST_WAIT_MS, flush)
    }
    waiting.push(line)
    length += line.length
    // WHY: the platform may cancel the request whose timer this is: then the next line is the clock.
    if (length >= MOST_WAITING || now - since >= LONGEST_WAIT_MS) flush()
  }
}
