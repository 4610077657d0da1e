import { DIALECTS, headerPlan, mapEntry } from './dialects.ts'
import { attributeName, attributesTold, claimBehind, DISCLOSABLE } from './disclosure.ts'
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

function claimProblems({ claims, dialects }: Receiver): readonly string[] {
  if (claims === null) return []
  const known = [...Object.keys(DISCLOSABLE), 'attribute.<name>'].join(', ')
  const unknown = claims.filter((word) => !Object.hasOwn(DISCLOSABLE, word) && attributeName(word) === null)
  const contradicted = dialects.flatMap((dialect) => {
    const entry = mapEntry(dialect)
    const needed = entry === null ? null : claimBehind(entry[1])
    return needed === null || claims.includes(needed) ? [] : [[dialect, needed] as const]
  })
  return [
    ...unknown.map((word) => `claims "${word}" is unknown; of ${known}`),
    ...contradicted.map(([dialect, needed]) => `dialect "${dialect}" says "${needed}", which claims leave out: add it`),
  ]
}

/**
 * What is wrong with the identity settings of an upstream, for `parseConfig`; empty when nothing is.
 *
 * @param declared - names of the attributes that the configuration declares
 * @returns sentences that say the value and what would be right
 */
export function receiverProblems(receiver: Receiver, declared: readonly string[] = []): readonly string[] {
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
  problems.push(...claimProblems(receiver))
  for (const name of attributesTold(receiver)) {
    const known = declared.length === 0 ? 'there is none' : `there are ${declared.join(', ')}`
    if (!declared.includes(name)) problems.push(`"attribute.${name}" is no attribute of the configuration: ${known}`)
  }
  const copies = headerPlan(receiver).filter(([, field]) => field === 'assertion' || field === 'bearer').length
  if (copies > MOST_COPIES) {
    problems.push(`${copies} headers would carry the assertion; at most ${MOST_COPIES} fit into 4 KB`)
  }
  return problems
}
