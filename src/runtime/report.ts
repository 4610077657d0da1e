import type { Observation } from '../ports/observation.ts'

/** Observations an operator is woken for. */
const LOUD: ReadonlySet<Observation['kind']> = new Set([
  'store-unavailable',
  'policy-refused',
  'not-ready',
  'background-failed',
  'bug',
])

/** Observations of others that did not do their part. */
const UNEASY: ReadonlySet<Observation['kind']> = new Set([
  'upstream-failed',
  'provider-failed',
  'event-untaken',
  'store-exposed',
  'policy-waits',
])

/** Beginnings of fields as they stand in a line, worked out once each; observations have a closed set of names. */
const FIELDS = new Map<string, string>()

function fieldOf(name: string): string {
  const known = FIELDS.get(name)
  if (known !== undefined) return known
  const made = `,"${name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`)}":`
  FIELDS.set(name, made)
  return made
}

let secondAt = Number.NaN
let second = ''

/** The time as text; many lines fall into one second, and to write a date out costs as much as half a line. */
function stampOf(at: number): string {
  const since = at - secondAt
  if (since >= 0 && since < 1000) return `${second}${since < 10 ? '00' : since < 100 ? '0' : ''}${since}Z`
  secondAt = Math.floor(at / 1000) * 1000
  second = new Date(secondAt).toISOString().slice(0, -4)
  return new Date(at).toISOString()
}

/** What must be escaped in JSON, or is no ASCII and left to whoever knows how. */
const UNEVEN = /[^ !#-[\]-~]/

/** A value as JSON. `JSON.stringify` of a short text costs a multiple of looking whether it can stay as it is. */
function quoted(value: string | number | null): string {
  return typeof value === 'string' && !UNEVEN.test(value) ? `"${value}"` : JSON.stringify(value)
}

/** Texts that come again and again, such as rules, as they stand in a line; hosts are the configured ones. */
const KNOWN = new Map<string | null, string>()
const MOST_KNOWN = 4096

function known(value: string | null): string {
  const made = KNOWN.get(value)
  if (made !== undefined) return made
  const fresh = quoted(value)
  if (KNOWN.size < MOST_KNOWN) KNOWN.set(value, fresh)
  return fresh
}

type Requested = Extract<Observation, { readonly kind: 'request' }>

// WHY: there is one of these a request: spelled out it costs a third of what the loop over its fields does.
function requestFields(of: Requested): string {
  const who = `"request_id":${quoted(of.requestId)},"front":"${of.front}","method":${quoted(of.method)}`
  const what = `"path":${quoted(of.path)},"host":${known(of.host)},"rule":${known(of.rule)}`
  const came = `"outcome":${known(of.outcome)},"code":${known(of.code)},"status":${of.status}`
  const whose = `"user_id":${quoted(of.userId)},"sid":${quoted(of.sid)},"upstream":${known(of.upstream)}`
  const bad = of.parameter === undefined ? '' : badParameter(of)
  return `,${who},${what},${came},${whose},"duration_ms":${of.durationMs},"policy":${known(of.policy)}${bad}`
}

function badParameter({ parameter = '', value = 'pattern', word = null }: Requested): string {
  return `,"parameter":${quoted(parameter)},"value":"${value}","word":${quoted(word)}`
}

/**
 * One JSON line an observation; secrets cannot be in it, because no observation carries one.
 *
 * @param at - milliseconds since the epoch
 */
export function logLine(observation: Observation, at: number): string {
  const { kind } = observation
  if (observation.kind === 'request')
    return `{"ts":"${stampOf(at)}","level":"info","event":"request"${requestFields(observation)}}`
  const level = LOUD.has(kind) ? 'error' : UNEASY.has(kind) ? 'warn' : 'info'
  let line = `{"ts":"${stampOf(at)}","level":"${level}","event":"${kind}"`
  const fields: Readonly<Record<string, string | number | null>> = observation
  for (const name in fields) if (name !== 'kind') line += fieldOf(name) + quoted(fields[name] ?? null)
  return `${line}}`
}
