import type { Position } from './model.ts'
import { byText } from './order.ts'

/** One finding of `check`, for a person: where, which stable code, what was tried, what would be right. */
export interface Problem extends Position {
  /** Stable code, PST2xx. */
  readonly code: string
  readonly severity: 'error' | 'warning'
  /** What was attempted, with the value. */
  readonly message: string
  /** What would be right; null when there is nothing to suggest. */
  readonly hint: string | null
}

/** Collects findings while a policy is read; nothing stops at the first one. */
export interface Problems {
  readonly list: readonly Problem[]
  error(at: Position, code: string, message: string, hint?: string | null): void
  warn(at: Position, code: string, message: string, hint?: string | null): void
}

/** An empty collection of findings. */
export function problems(): Problems {
  const list: Problem[] = []
  const seen = new Set<string>()
  const add = (
    severity: Problem['severity'],
    at: Position,
    code: string,
    message: string,
    hint: string | null,
  ): void => {
    const key = `${at.file}:${at.line}:${code}:${message}`
    if (seen.has(key)) return
    seen.add(key)
    list.push({ file: at.file, line: at.line, column: at.column, code, severity, message, hint })
  }
  return {
    list,
    error: (at, code, message, hint = null) => add('error', at, code, message, hint),
    warn: (at, code, message, hint = null) => add('warning', at, code, message, hint),
  }
}

/** Findings in the order of files and lines. */
export function sorted(list: readonly Problem[]): readonly Problem[] {
  return [...list].sort(
    (a, b) => byText(a.file, b.file) || a.line - b.line || a.column - b.column || byText(a.code, b.code),
  )
}
