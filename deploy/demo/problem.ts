/** Something the person who starts the demo can put right: one line, no stack. */
export class DemoProblem extends Error {
  readonly plain = true
}
