import type { ParamProblem } from './decision.ts'
import type { ParamRule } from './model.ts'
import { type QueryValues, queryValue } from './query.ts'

/** A parameter rule ready for requests. */
export interface PreparedParam {
  readonly rule: ParamRule
  /** Which captured path segment it judges; -1 for a query parameter. */
  readonly index: number
  readonly pattern: RegExp | null
}

/**
 * A judged parameter: its decoded value (null: not given and not required), or the problem.
 *
 * @remarks `word` is as for the decision `bad-parameter`
 */
export type Judged =
  | { readonly ok: true; readonly value: string | null }
  | { readonly ok: false; readonly problem: ParamProblem; readonly word: string | null }

const SLUG = /^[A-Za-z0-9_-]+$/
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const INT = /^(?:0|-?[1-9][0-9]{0,15})$/
/** Words that a page writes when it has no id: never a value unless the rule says so (seeds I1). */
const POISON: ReadonlySet<string> = new Set(['undefined', 'null'])
/** Further words that would pass as a slug and never are one. */
const SLUG_POISON: ReadonlySet<string> = new Set(['NaN', 'true', 'false'])

const MISSING: Judged = { ok: false, problem: 'missing', word: null }
const EMPTY: Judged = { ok: false, problem: 'empty', word: null }
const MALFORMED: Judged = { ok: false, problem: 'malformed', word: null }
const NOT_GIVEN: Judged = { ok: true, value: null }

function hasType(param: PreparedParam, value: string): boolean {
  const rule = param.rule
  switch (rule.type) {
    case 'text':
      return true
    case 'slug':
      return SLUG.test(value) && (!SLUG_POISON.has(value) || rule.allowWords.includes(value))
    case 'uuid':
      return UUID.test(value)
    case 'int': {
      const number = INT.test(value) ? Number(value) : Number.NaN
      return Number.isSafeInteger(number) && number >= (rule.min ?? -Infinity) && number <= (rule.max ?? Infinity)
    }
    case 'enum':
      return rule.values.includes(value)
    case 'pattern':
      return param.pattern?.test(value) ?? false
  }
}

function malformed(value: string): Judged {
  const word = POISON.has(value) || SLUG_POISON.has(value) ? value : null
  return word === null ? MALFORMED : { ok: false, problem: 'malformed', word }
}

function judgeValue(param: PreparedParam, value: string): Judged {
  if (value.trim() === '') return EMPTY
  if (value.length > param.rule.maxLength) return MALFORMED
  const wanted = param.rule.allowWords.includes(value) || param.rule.values.includes(value)
  const isPoison = POISON.has(value) && !wanted
  return !isPoison && hasType(param, value) ? { ok: true, value } : malformed(value)
}

/**
 * Judges one path parameter.
 *
 * @param raw - the segment as it stands in the canonical path; null when the path ends before it
 */
export function judgePath(param: PreparedParam, raw: string | null): Judged {
  if (raw === null || raw === '') return MISSING
  return judgeValue(param, raw.includes('%') ? decodeURIComponent(raw) : raw)
}

/** Judges one query parameter; a name given twice, however it is spelled, is malformed (seeds I2). */
export function judgeQuery(param: PreparedParam, values: QueryValues): Judged {
  const found = queryValue(values, param.rule.name)
  switch (found.kind) {
    case 'absent':
      return param.rule.required ? MISSING : NOT_GIVEN
    case 'repeated':
    case 'unreadable':
      return MALFORMED
    case 'value':
      return judgeValue(param, found.value)
  }
}
