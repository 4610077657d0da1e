import type { Io } from '../io.ts'
import { type Paint, paintFor } from '../paint.ts'

/** What an examination found in one place. */
export interface DoctorNote {
  /** What was looked at: `config`, `policy`, `secrets`, `provider google`, `upstream game`, `clock`, `port`, `store`, `target`. */
  readonly area: string
  /** `skipped`: it lies on the network, and nobody said that it may be asked. */
  readonly state: 'ok' | 'warning' | 'error' | 'skipped'
  /** Cause, value and remedy in one line. */
  readonly message: string
}

/** A note of an area. */
export function note(area: string, state: DoctorNote['state'], message: string): DoctorNote {
  return { area, state, message }
}

function painted(state: DoctorNote['state'], paint: Paint): string {
  const word = state.padEnd(7)
  switch (state) {
    case 'ok':
      return paint.good(word)
    case 'warning':
      return paint.doubtful(word)
    case 'error':
      return paint.bad(word)
    case 'skipped':
      return paint.faint(word)
  }
}

/** Every note on a line of its own. */
export function printNotes(io: Io, notes: readonly DoctorNote[]): void {
  const paint = paintFor(io)
  for (const { state, area, message } of notes) io.out(`${painted(state, paint)}  ${area}: ${message}`)
}
