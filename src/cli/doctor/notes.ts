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
