import { canonicalTarget } from '../core/target.ts'
import { visible } from '../core/visible.ts'
import { PRETEND_NOW, pretend } from './callers.ts'
import { decide, type Facts } from './decide.ts'
import type { Decision } from './decision.ts'
import type { Demands, Rule } from './model.ts'
import { byText } from './order.ts'
import { matchRule, type Policy } from './policy.ts'
import { type Probe, requestsFor } from './probes.ts'

/** One rule for a listing: what it takes, and which callers pass an ordinary request. */
export interface RouteLine {
  readonly rule: Rule
  /** What it asks for, in the words of the policy file. */
  readonly needs: readonly string[]
  /** `nobody` and role names that pass: freshly signed in, with a character, signed up, without a token. */
  readonly who: readonly string[]
  /** Those of whom no ordinary request tells: a condition, the own id, or no request that the rule takes was found. */
  readonly unsure: readonly string[]
}

function demandWords(demands: Demands): readonly string[] {
  const { allPermissions, anyPermission, roles, minLevel, character, freshWithin, when } = demands
  return [
    ...allPermissions,
    ...(anyPermission.length > 0 ? [`any of ${anyPermission.join(', ')}`] : []),
    ...(roles.length > 0 ? [`role ${roles.join(' or ')}`] : []),
    ...(minLevel === null ? [] : [`level ${minLevel}`]),
    ...(character ? ['a character'] : []),
    ...(freshWithin === null ? [] : [`sign-in within ${freshWithin} s`]),
    ...(when === null ? [] : [`when ${when}`]),
  ]
}

function needsOf(rule: Rule): readonly string[] {
  if (rule.access === 'deny') return [`deny ${rule.denyStatus}`]
  const cases = Object.entries(rule.body?.cases ?? {}).map(
    ([value, demands]) => `${rule.body?.field}=${value}: ${demandWords(demands).join(' and ') || 'nothing more'}`,
  )
  const guests = rule.demands.guest === 'refuse' || rule.access === 'public' ? [] : ['guests too']
  const tokens = rule.demands.tokens === 'allow' ? ['API tokens too'] : []
  return [rule.access, ...demandWords(rule.demands), ...cases, ...guests, ...tokens]
}

type Told = 'yes' | 'no' | 'unsure'

/** What one decision says of a caller: a refusal by what a sample cannot know says nothing. */
function told(decision: Decision): Told {
  if (decision.kind === 'allow') return 'yes'
  if (decision.kind === 'bad-parameter' || decision.kind === 'bad-form') return 'unsure'
  const open = decision.kind === 'forbid' && (decision.reason === 'condition' || decision.reason === 'not-own')
  return open ? 'unsure' : 'no'
}

/** What the evaluator says to one caller, over requests that this rule and no other answers. */
function tellOf(policy: Policy, rule: Rule, asked: readonly Probe[], caller: string): Told {
  const attributes = rule.onboarding === null ? {} : { [rule.onboarding.attribute]: true }
  const data = caller === 'nobody' ? caller : { roles: [caller], character: true, attributes }
  const subject = pretend(data, policy.bundle)
  let found: Told = 'no'
  let answered: 'never' | 'by the rule' = 'never'
  for (const { host, method, path, body } of asked) {
    const target = canonicalTarget(path)
    if (!target.ok) continue
    const facts: Facts = { subject, target: target.value, host, method, body, now: PRETEND_NOW, address: null }
    const match = matchRule(policy, facts)
    if (match.kind !== 'rule' || match.rule !== rule) continue
    answered = 'by the rule'
    const one = told(decide(policy, match, facts))
    if (one === 'yes') return 'yes'
    if (one === 'unsure') found = 'unsure'
  }
  return answered === 'never' ? 'unsure' : found
}

/**
 * Rules with what they need and who may use them, by path; decided by the evaluator, not guessed from the text.
 *
 * @param hosts - every host of the deployment
 * @param part - so many rules from a place in the listing on; all unless given
 */
export function routeLines(
  policy: Policy,
  hosts: readonly string[],
  part: { readonly from: number; readonly most: number } = { from: 0, most: Number.POSITIVE_INFINITY },
): readonly RouteLine[] {
  const { rules, roles } = policy.bundle
  const callers = ['nobody', ...roles.map((role) => role.name)]
  const ordered = rules.toSorted((a, b) => byText(a.path, b.path) || byText(a.id, b.id))
  return ordered.slice(part.from, part.from + part.most).map((rule) => {
    const asked = rule.mode === 'shadow' ? [] : requestsFor(rule, rules, hosts)
    const tells = callers.map((caller) => ({ caller, tell: tellOf(policy, rule, asked, caller) }))
    const named = (tell: Told): readonly string[] => {
      return rule.mode === 'shadow' ? [] : tells.filter((one) => one.tell === tell).map(({ caller }) => caller)
    }
    return { rule, needs: needsOf(rule), who: named('yes'), unsure: named('unsure') }
  })
}

function peopleText({ rule, who, unsure }: RouteLine): string {
  if (rule.mode === 'shadow') return 'shadow'
  const perhaps = unsure.length === 0 ? '' : `; perhaps ${unsure.join(', ')}`
  return `for ${who.length === 0 ? 'none' : who.join(', ')}${perhaps}`
}

/** A listing of routes as lines for a terminal. */
export function formatRoutes(lines: readonly RouteLine[]): string {
  return lines
    .map((line) => {
      const { rule, needs } = line
      const upstream = rule.upstream === '' ? '' : ` -> ${rule.upstream}`
      const texts = [
        `${rule.id}${upstream}`,
        `    ${needs.join('; ')}`,
        `    ${peopleText(line)}  (${rule.at.file}:${rule.at.line})`,
      ]
      return texts.map(visible).join('\n')
    })
    .join('\n')
}
