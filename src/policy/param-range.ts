import type { ParamRule, Rule } from './model.ts'
import { isAccepted } from './param-values.ts'

/** Types whose every value is a slug and a text too. */
const SLUGS: ReadonlySet<ParamRule['type']> = new Set(['uuid', 'int', 'slug'])
const LONGEST: Readonly<Partial<Record<ParamRule['type'], number>>> = { uuid: 36, int: 17 }

function isTypeWithin(is: ParamRule, was: ParamRule): boolean {
  if (was.type === 'text') return true
  if (was.type === 'slug' && SLUGS.has(is.type)) return true
  if (is.type !== was.type || is.pattern !== was.pattern) return false
  return (is.min ?? -Infinity) >= (was.min ?? -Infinity) && (is.max ?? Infinity) <= (was.max ?? Infinity)
}

/** True only where every value of the one is surely a value of the other: what cannot be told is wider. */
function isWithin(is: ParamRule, was: ParamRule): boolean {
  if (was.required && !is.required) return false
  if (is.type === 'enum') return is.values.every((value) => isAccepted(was, value))
  if (is.allowWords.some((word) => !was.allowWords.includes(word))) return false
  const longest = Math.min(is.maxLength, LONGEST[is.type] ?? Infinity)
  return longest <= was.maxLength && isTypeWithin(is, was)
}

/** What the new rule has where the old one has a parameter of its path: fixed texts, a parameter, or null for anything. */
function counterpart(is: Rule, was: Rule, param: ParamRule): readonly string[] | ParamRule | null {
  const index = was.segments.findIndex((one) => one.kind === 'param' && one.name === param.name)
  const segment = is.segments[index]
  if (segment === undefined || segment.kind === 'rest') return null
  if (segment.kind === 'param') return is.params.find((one) => one.in === 'path' && one.name === segment.name) ?? null
  const text = decodeURIComponent(segment.text)
  return is.foldCase === true ? [text, text.toUpperCase(), text.toLowerCase()] : [text]
}

function queryCounterpart(is: Rule, name: string): ParamRule | null {
  return is.params.find((one) => one.in === 'query' && one.name === name) ?? null
}

function isList(found: readonly string[] | ParamRule): found is readonly string[] {
  return Array.isArray(found)
}

function wordsFor(is: Rule, was: Rule, param: ParamRule): readonly string[] {
  const name = param.in === 'path' ? `:${param.name}` : `?${param.name}`
  const found = param.in === 'path' ? counterpart(is, was, param) : queryCounterpart(is, param.name)
  const own = param.equals === null || was.access === 'public' ? [] : [`anybody's ${name}`]
  if (found === null) return [`any ${name}`, ...own]
  if (isList(found))
    return [...(found.every((text) => isAccepted(param, text)) ? [] : [`more values of ${name}`]), ...own]
  return [...(isWithin(found, param) ? [] : [`more values of ${name}`]), ...(found.equals === param.equals ? [] : own)]
}

/** Parameters of which the new rule takes values that the old one refused, or may: one phrase each. */
export function widerParams(was: Rule, is: Rule): readonly string[] {
  return was.params.flatMap((param) => wordsFor(is, was, param))
}
