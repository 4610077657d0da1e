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

/** One JSON line an observation; secrets cannot be in it, because no observation carries one. */
export function logLine(observation: Observation, at: Date): string {
  const { kind, ...fields } = observation
  const level = LOUD.has(kind) ? 'error' : UNEASY.has(kind) ? 'warn' : 'info'
  return JSON.stringify({ ts: at.toISOString(), level, event: kind, ...snakeCased(fields) })
}

function snakeCased(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), value]),
  )
}
