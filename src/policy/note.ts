/** One check of a decision, in the order it was made; what `explain` prints. */
export interface Step {
  readonly check: string
  readonly holds: boolean
  readonly detail: string
}

/** Told of every check while a decision is made. */
export type Note = (step: Step) => void
