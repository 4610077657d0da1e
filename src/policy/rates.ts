import type { Part } from './known.ts'
import type { RateData, RuleData } from './language.ts'
import type { RateLimit, Rule } from './model.ts'
import type { Problems } from './problem.ts'
import type { RuleSite } from './rule-params.ts'
import { durationOf } from './units.ts'

function rateOf(data: RateData): RateLimit {
  const { limit, window, per, name } = data
  const rate = { limit, windowSeconds: durationOf(window), per: per ?? 'session' }
  return name === undefined ? rate : { ...rate, name }
}

/**
 * The rate limit of a rule: its own, else that of its file, which all such rules of the file count together (seeds O3). The one of a
 * file is not for what nobody is let through by, nor, counted by session or user, for what everybody is.
 */
export function rateLimitOf({ data, source }: RuleSite, part: Part): RateLimit | null {
  if (data.rateLimit !== undefined) return rateOf(data.rateLimit)
  const shared = part.data.rateLimit
  if (shared === undefined || !isFor(data, shared)) return null
  return { ...rateOf(shared), name: shared.name ?? ownName(source.name) }
}

/** WHY: all files of a policy are in one folder, and the same policy in another folder counts the same together. */
function ownName(file: string): string {
  return file.split(/[/\\]/).at(-1) ?? file
}

function isFor({ access, mode }: RuleData, { per }: RateData): boolean {
  if (access === 'deny' || mode === 'shadow') return false
  return access !== 'public' || per === 'address'
}

const described = ({ limit, windowSeconds, per }: RateLimit) => `${limit} in ${windowSeconds} s per ${per}`

/** Reports rules whose limits have one name and differ: what is counted together has one limit. */
export function checkRates(rules: readonly Rule[], problems: Problems): void {
  const first = new Map<string, Rule>()
  for (const rule of rules) {
    const { rateLimit, at } = rule
    if (rateLimit?.name === undefined) continue
    const known = first.get(rateLimit.name)?.rateLimit ?? null
    if (known === null) first.set(rateLimit.name, rule)
    else if (described(known) !== described(rateLimit)) {
      const what = `rate limit "${rateLimit.name}" is ${described(rateLimit)} here and ${described(known)} elsewhere`
      problems.error(at, 'PST227', what, 'write the same limit, window and per, or another name')
    }
  }
}
