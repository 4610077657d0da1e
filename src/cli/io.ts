/** Where a command reads and writes; tests give their own. */
export interface Io {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Who reads the output: only a person at a terminal gets color. */
  readonly reader: 'person' | 'program'
  /** A line of the result. */
  out(line: string): void
  /** A line beside the result: what went wrong, and progress. */
  err(line: string): void
  /** Waits so many seconds; without it, by the clock. */
  readonly wait?: (seconds: number) => Promise<void>
}

/** Exit codes of every command (SPEC 8). */
export const EXIT = { ok: 0, findings: 1, usage: 2, environment: 3 } as const

/** A command's exit code. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Something outside the files is not as it must be: a missing folder, an unreadable file. One line for the operator. */
export class EnvironmentProblem extends Error {
  override readonly name = 'EnvironmentProblem'
}

/** The command line itself is wrong: an argument that means nothing. One line for the operator. */
export class UsageProblem extends Error {
  override readonly name = 'UsageProblem'
}
