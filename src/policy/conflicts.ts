import { matchTree, type RuleTree, ruleTree } from './match.ts'
import type { Rule, Segment } from './model.ts'
import { warnOfEndlessOnboarding } from './onboarding-pages.ts'
import { shapeOf } from './paths.ts'
import type { PreparedRule } from './prepare.ts'
import type { Problems } from './problem.ts'
import { didYouMean } from './suggest.ts'

const ALL = '*'
/** A segment that no policy spells out: it is matched by parameters and wildcards only. */
const FRESH = '~postern~'

function where(rule: Rule): string {
  return `${rule.at.file}:${rule.at.line}`
}

/** WHY: two rules in one place have one id where nobody gave one; that they are tied says it all. */
function reportDuplicates(rules: readonly Rule[], tied: ReadonlySet<Rule>, problems: Problems): void {
  const first = new Map<string, Rule>()
  for (const rule of rules) {
    const known = first.get(rule.id)
    if (known === undefined) first.set(rule.id, rule)
    else if (!(tied.has(rule) && tied.has(known) && rule.path === known.path))
      problems.error(rule.at, 'PST220', `rule id "${rule.id}" stands twice`, `first at ${where(known)}`)
  }
}

function reportTies(rules: readonly Rule[], problems: Problems): ReadonlySet<Rule> {
  const places = new Map<string, Rule>()
  const tied = new Set<Rule>()
  for (const rule of rules) {
    for (const host of rule.hosts.length === 0 ? [ALL] : rule.hosts) {
      for (const method of rule.methods.length === 0 ? [ALL] : rule.methods) {
        const key = `${rule.mode} ${host} ${method} ${shapeOf(rule.segments, rule.foldCase === true)}`
        const known = places.get(key)
        if (known === undefined) places.set(key, rule)
        else if (!tied.has(rule)) {
          tied.add(rule).add(known)
          const what = method === ALL ? rule.path : `${method} ${rule.path}`
          problems.error(
            rule.at,
            'PST221',
            `"${what}" and "${known.path}" match the same requests`,
            `the other stands at ${where(known)}; merge them`,
          )
        }
      }
    }
  }
  return tied
}

function samples(segments: readonly Segment[], depth: number): readonly (readonly string[])[] {
  const fixed = segments.flatMap((segment) => {
    if (segment.kind === 'rest') return []
    return [segment.kind === 'literal' ? segment.text : FRESH]
  })
  if (segments.at(-1)?.kind !== 'rest') return [fixed.length === 0 ? [''] : fixed]
  const below = Array.from({ length: Math.max(1, depth - fixed.length + 1) }, (_, index) => index)
  return below.map((count) => {
    const made = [...fixed, ...Array.from({ length: count }, () => FRESH)]
    return made.length === 0 ? [''] : made
  })
}

function bare(rule: Rule): PreparedRule {
  return {
    rule,
    params: [],
    demands: { demands: rule.demands, condition: null },
    cases: null,
    readsQuery: false,
    conditionReadsQuery: false,
  }
}

function reportUnreachable(
  rules: readonly Rule[],
  hosts: readonly string[],
  tree: RuleTree,
  tied: ReadonlySet<Rule>,
  problems: Problems,
): void {
  const depth = Math.max(0, ...rules.map((rule) => rule.segments.length)) + 1
  for (const rule of rules) {
    if (tied.has(rule)) continue
    const named = rule.hosts.length === 0 ? hosts : rule.hosts
    const methods = rule.methods.length === 0 ? ['GET', 'POST', 'X-OTHER'] : rule.methods
    let winner: Rule | null = null
    const reached = samples(rule.segments, depth).some((segments) =>
      (named.length === 0 ? [''] : named).some((host) =>
        methods.some((method) => {
          const match = matchTree(tree, { host, method, target: { segments } })
          if (match.kind === 'rule' && match.rule !== rule) winner = match.rule
          return match.kind === 'rule' && match.rule === rule
        }),
      ),
    )
    if (reached) continue
    const other: Rule | null = winner
    const hint = other === null ? 'better paths cover all of it' : `rule "${(other as Rule).id}" is always better`
    problems.error(rule.at, 'PST222', `rule "${rule.id}" can never match`, hint)
  }
}

function reportQuotas(rules: readonly Rule[], problems: Problems): void {
  const raised = new Set(rules.flatMap((rule) => (rule.quota?.effect === 'raise' ? [rule.quota.name] : [])))
  for (const rule of rules) {
    if (rule.quota?.effect !== 'lower' || raised.has(rule.quota.name)) continue
    problems.error(
      rule.at,
      'PST229',
      `no rule raises the quota "${rule.quota.name}"`,
      didYouMean(rule.quota.name, raised),
    )
  }
}

/** Rules against each other: equal ids, ties, rules that no request can reach, and onboarding without end. */
export function reportConflicts(rules: readonly Rule[], hosts: readonly string[], problems: Problems): void {
  const tied = reportTies(rules, problems)
  reportDuplicates(rules, tied, problems)
  reportQuotas(rules, problems)
  const enforcing = rules.filter((rule) => rule.mode === 'enforce')
  const tree = ruleTree(enforcing.map(bare))
  reportUnreachable(enforcing, hosts, tree, tied, problems)
  warnOfEndlessOnboarding(enforcing, hosts, tree, problems)
}
