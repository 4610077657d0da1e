import { DIALECTS, headerPlan, mapEntry } from './dialects.ts'
import type { Receiver } from './receiver.ts'
import { fold } from './reserved.ts'

const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/
const MOST_COPIES = 3
const LONGEST_LIFE = 60

/** Names that frame, route or authenticate the hop itself, or that Postern cuts with care; no map may write them. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  'connection',
  'content-digest',
  'content-encoding',
  'content-length',
  'content-type',
  'cookie',
  'expect',
  'host',
  'keep-alive',
  'origin',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'set-cookie',
  'signature',
  'signature-input',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

function forbidden(name: string): boolean {
  const folded = fold(name)
  return FORBIDDEN.has(folded) || folded.startsWith('sec-')
}

function dialectProblem(dialect: string): string | null {
  if (Object.hasOwn(DIALECTS, dialect)) return null
  const entry = mapEntry(dialect)
  if (entry === null) {
    const known = Object.keys(DIALECTS).join(', ')
    return `dialect "${dialect}" is unknown; one of ${known}, or an entry of an own map such as "X-Player=user"`
  }
  return forbidden(entry[0]) ? `dialect "${dialect}" would write the header ${entry[0]}, which is not free` : null
}

/**
 * What is wrong with the identity settings of an upstream, for `parseConfig`; empty when nothing is.
 *
 * @returns sentences that say the value and what would be right
 */
export function receiverProblems(receiver: Receiver): readonly string[] {
  const { assertionHeader, assertionSeconds, audience } = receiver
  const problems = receiver.dialects.flatMap((dialect) => dialectProblem(dialect) ?? [])
  if (!TOKEN.test(assertionHeader) || forbidden(assertionHeader)) {
    problems.push(`assertionHeader "${assertionHeader}" is not a header name that is free`)
  }
  if (!Number.isInteger(assertionSeconds) || assertionSeconds < 1 || assertionSeconds > LONGEST_LIFE) {
    problems.push(`assertionSeconds ${assertionSeconds} is not a whole number from 1 to ${LONGEST_LIFE}`)
  }
  if (audience === '' || audience.endsWith('#anonymous')) {
    problems.push(`audience "${audience}" is empty or ends in "#anonymous", which is kept for requests of nobody`)
  }
  const copies = headerPlan(receiver).filter(([, field]) => field === 'assertion' || field === 'bearer').length
  if (copies > MOST_COPIES) {
    problems.push(`${copies} headers would carry the assertion; at most ${MOST_COPIES} fit into 4 KB`)
  }
  return problems
}
