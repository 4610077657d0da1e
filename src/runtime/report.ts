import type { Observation } from '../ports/observation.ts'

/** Observations an operator is woken for. */
const LOUD: ReadonlySet<Observation['kind']> = new Set([
  'store-unavailable',
  'policy-refused',
  'background-failed',
  'bug',
])

/** Observations of others that did not do their part. */
const UNEASY: ReadonlySet<Observation['kind']> = new Set(['upstream-failed', 'provider-failed', 'event-untaken'])

/** Beginnings of fields as they stand in a line, worked out once each; observations have a closed set of names. */
const FIELDS = new Map<string, string>()

function fieldOf(name: string): string {
  const known = FIELDS.get(name)
  if (known !== undefined) return known
  const made = `,"${name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`)}":`
  FIELDS.set(name, made)
  return made
}

let stampedAt = Number.NaN
let stamp = ''

/** The time as text; many lines fall into one millisecond. */
function stampOf(at: number): string {
  if (at !== stampedAt) {
    stampedAt = at
    stamp = new Date(at).toISOString()
  }
  return stamp
}

/**
 * One JSON line an observation; secrets cannot be in it, because no observation carries one.
 *
 * @param at - milliseconds since the epoch
 */
export function logLine(observation: Observation, at: number): string {
  const { kind } = observation
  const level = LOUD.has(kind) ? 'error' : UNEASY.has(kind) ? 'warn' : 'info'
  // WHY: put together by hand: one line a request, and `JSON.stringify` of the whole costs three times as much.
  let line = `{"ts":"${stampOf(at)}","level":"${level}","event":"${kind}"`
  const fields: Readonly<Record<string, string | number | null>> = observation
  for (const name in fields) if (name !== 'kind') line += fieldOf(name) + JSON.stringify(fields[name])
  return `${line}}`
}
