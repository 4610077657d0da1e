import { PRETEND_NOW, pretend } from './callers.ts'
import { canAccess } from './decide.ts'
import type { Demands, Rule } from './model.ts'
import { byText } from './order.ts'
import type { Policy } from './policy.ts'
import { sampleOf } from './probes.ts'

/** One rule for a listing: what it takes, and which callers pass an ordinary request. */
export interface RouteLine {
  readonly rule: Rule
  /** What it asks for, in the words of the policy file. */
  readonly needs: readonly string[]
  /** `nobody` and role names that pass: freshly signed in, with a character, without a token. */
  readonly who: readonly string[]
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

/** Every rule with what it needs and who may use it, by path; decided by the evaluator, not guessed from the text. */
export function routeLines(policy: Policy, host: string): readonly RouteLine[] {
  const callers = ['nobody', ...policy.bundle.roles.map((role) => role.name)]
  const lines = policy.bundle.rules.map((rule) => {
    const sample = sampleOf(rule, host)
    const at = { host: sample.host, now: PRETEND_NOW, address: null }
    const may = (caller: string): boolean => {
      const subject = caller === 'nobody' ? null : pretend(`${caller}+character`, policy.bundle)
      return canAccess(policy, subject, sample.method, sample.path, at)
    }
    return { rule, needs: needsOf(rule), who: rule.mode === 'shadow' ? [] : callers.filter(may) }
  })
  return lines.sort((a, b) => byText(a.rule.path, b.rule.path) || byText(a.rule.id, b.rule.id))
}

/** A listing of routes as lines for a terminal. */
export function formatRoutes(lines: readonly RouteLine[]): string {
  return lines
    .map(({ rule, needs, who }) => {
      const upstream = rule.upstream === '' ? '' : ` -> ${rule.upstream}`
      const people = rule.mode === 'shadow' ? 'shadow' : `for ${who.length === 0 ? 'none' : who.join(', ')}`
      return `${rule.id}${upstream}\n    ${needs.join('; ')}\n    ${people}  (${rule.at.file}:${rule.at.line})`
    })
    .join('\n')
}
