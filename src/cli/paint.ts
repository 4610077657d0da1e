import type { Io } from './io.ts'

/** Words of the output that a terminal may show in color. */
export interface Paint {
  good(text: string): string
  bad(text: string): string
  doubtful(text: string): string
  faint(text: string): string
}

const plain = (text: string): string => text
const PLAIN: Paint = { good: plain, bad: plain, doubtful: plain, faint: plain }

function sequence(open: number, close: number): (text: string) => string {
  return (text) => `\u001b[${open}m${text}\u001b[${close}m`
}

const COLORED: Paint = {
  good: sequence(32, 39),
  bad: sequence(31, 39),
  doubtful: sequence(33, 39),
  faint: sequence(2, 22),
}

/** Color for a person at a terminal who did not refuse it; plain text for everybody else (https://no-color.org). */
export function paintFor(io: Io): Paint {
  const refused = (io.env['NO_COLOR'] ?? '') !== '' || io.env['TERM'] === 'dumb'
  return io.reader === 'person' && !refused ? COLORED : PLAIN
}
