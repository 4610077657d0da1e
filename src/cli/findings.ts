import type { ConfigProblem } from '../config/reader.ts'
import { visible } from '../core/visible.ts'
import { formatProblem } from '../policy/print.ts'
import type { Problem } from '../policy/problem.ts'
import { EXIT, type ExitCode, type Io } from './io.ts'
import { type Paint, paintFor } from './paint.ts'

/** One thing that is not as it must be, of whatever file; lines and columns count from 1, null where nobody knows them. */
export interface Finding {
  readonly file: string
  readonly line: number | null
  readonly column: number | null
  /** Stable code: PST2xx policy, PST5xx configuration. */
  readonly code: string
  readonly severity: 'error' | 'warning'
  readonly message: string
  readonly hint: string | null
}

/** The file every problem of the configuration is about. */
export const CONFIG_FILE = 'hono.config.ts'

/** Problems of the configuration among the other findings. */
export function configFindings(problems: readonly ConfigProblem[]): readonly Finding[] {
  return problems.map(({ path, message }) => ({
    file: CONFIG_FILE,
    line: null,
    column: null,
    code: 'PST501',
    severity: 'error',
    message: `${path} ${message}`,
    hint: null,
  }))
}

/** A finding on one line, the place first: editors and terminals follow it. */
export function formatFinding(finding: Finding): string {
  const { line, column } = finding
  if (line !== null && column !== null) return formatProblem({ ...finding, line, column } satisfies Problem)
  const word = finding.severity === 'warning' ? 'warning: ' : ''
  const hint = finding.hint === null ? '' : `; ${finding.hint}`
  return visible(`${finding.file}: ${finding.code} ${word}${finding.message}${hint}`)
}

function paintFinding(finding: Finding, paint: Paint): string {
  const color = finding.severity === 'warning' ? paint.doubtful : paint.bad
  return formatFinding(finding).replace(`: ${finding.code} `, `: ${color(finding.code)} `)
}

/** Every finding on a line of its own. */
export function printFindings(io: Io, findings: readonly Finding[]): void {
  const paint = paintFor(io)
  for (const finding of findings) io.out(paintFinding(finding, paint))
}

/** `2 errors, 1 warning`; `no problem` when there is none. */
export function countFindings(findings: readonly Finding[]): string {
  const count = (severity: Finding['severity']): readonly string[] => {
    const number = findings.filter((finding) => finding.severity === severity).length
    return number === 0 ? [] : [`${number} ${severity}${number === 1 ? '' : 's'}`]
  }
  return [...count('error'), ...count('warning')].join(', ') || 'no problem'
}

/** Findings fail a command; warnings alone do not. */
export function exitFor(findings: readonly Finding[]): ExitCode {
  return findings.some(({ severity }) => severity === 'error') ? EXIT.findings : EXIT.ok
}
