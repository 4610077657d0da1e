import { canonicalTarget } from '../core/target.ts'
import { canonicalJson } from './bundle.ts'
import { PRETEND_NOW, pretend } from './callers.ts'
import { decide, type Facts } from './decide.ts'
import type { Decision } from './decision.ts'
import type { Part } from './known.ts'
import type { PolicyBundle, Rule } from './model.ts'
import { describe } from './outcome.ts'
import { isAdminPermission } from './permissions.ts'
import { loadPolicy, matchRule, type Policy } from './policy.ts'
import { type Probe, probes } from './probes.ts'

/** One answer that differs between two policies. */
export interface Difference {
  readonly caller: string
  readonly host: string
  readonly method: string
  readonly path: string
  readonly body: string | undefined
  readonly effect: 'gains' | 'loses' | 'other'
  readonly before: string
  readonly after: string
}

/** A widening that somebody must have acknowledged by a line `acknowledge: ["<line>"]` in the new files. */
export interface Widening {
  readonly line: string
  readonly acknowledged: boolean
}

/** What a change of policy does. */
export interface PolicyDiff {
  readonly differences: readonly Difference[]
  readonly widenings: readonly Widening[]
  /** Ids of rules that are new, gone, or say something else (limits, upstream, conduct: also what no probe shows). */
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly changed: readonly string[]
  /** Settings and roles that differ, one line each. */
  readonly people: readonly string[]
}

interface Answer {
  readonly decision: Decision
  readonly rule: Rule | null
}

function answer(policy: Policy, probe: Probe, caller: string): Answer | null {
  const target = canonicalTarget(probe.path)
  if (!target.ok) return null
  const { host, method, body } = probe
  const subject = caller === 'nobody' ? null : pretend(caller, policy.bundle)
  const facts: Facts = { subject, target: target.value, host, method, body, now: PRETEND_NOW, address: null }
  const match = matchRule(policy, facts)
  return { decision: decide(policy, match, facts), rule: match.kind === 'rule' ? match.rule : null }
}

function effectOf(before: Decision, after: Decision): Difference['effect'] {
  if ((before.kind === 'allow') === (after.kind === 'allow')) return 'other'
  return after.kind === 'allow' ? 'gains' : 'loses'
}

function callersOf(bundles: readonly PolicyBundle[]): readonly string[] {
  const roles = new Set(bundles.flatMap((bundle) => bundle.roles.map((role) => String(role.name))))
  return ['nobody', ...[...roles].flatMap((role) => [`${role}+character`, `${role}+token`])]
}

function wider(name: string, old: readonly string[], fresh: readonly string[]): readonly string[] {
  if (old.includes('*')) return []
  const gained = fresh.filter((permission) => !old.includes(permission))
  const star = gained.includes('*') ? [`wildcard ${name}`] : []
  const admin = gained.filter((permission) => permission !== '*' && isAdminPermission(permission))
  return [...star, ...admin.map((permission) => `admin ${name} ${permission}`)]
}

function permissionsIn(bundle: PolicyBundle, role: string | null): readonly string[] {
  return bundle.roles.find((one) => one.name === role)?.permissions ?? []
}

/** Roles that can do more, and new users or guests that start with a stronger role. */
function roleWidenings(before: PolicyBundle, after: PolicyBundle): readonly string[] {
  return [
    ...after.roles.flatMap((role) => wider(role.name, permissionsIn(before, role.name), role.permissions)),
    ...(['defaultRole', 'guestRole'] as const).flatMap((key) =>
      before[key] === after[key]
        ? []
        : wider(key, permissionsIn(before, before[key]), permissionsIn(after, after[key])),
    ),
  ]
}

/** Settings and roles that read differently, also where no answer shows it. */
function peopleChanges(before: PolicyBundle, after: PolicyBundle): readonly string[] {
  const keys = ['defaultRole', 'guestRole', 'rolesPerUser'] as const
  const settings = keys.flatMap((key) =>
    before[key] === after[key] ? [] : [`users.${key}: ${before[key] ?? 'none'} -> ${after[key] ?? 'none'}`],
  )
  const text = (bundle: PolicyBundle): ReadonlyMap<string, string> =>
    new Map(bundle.roles.map(({ at: _at, ...role }) => [role.name, canonicalJson(role)]))
  const [old, fresh] = [text(before), text(after)]
  const names = [...new Set([...old.keys(), ...fresh.keys()])]
  const roles = names.filter((name) => old.get(name) !== fresh.get(name))
  const what = (name: string): string => (old.has(name) ? (fresh.has(name) ? 'changed' : 'removed') : 'added')
  const builtIn = new Set(before.roles.filter(({ system }) => system).map(({ name }) => String(name)))
  const lost = (name: string): string =>
    builtIn.has(name) && !fresh.has(name) ? ', which is built in: a push is refused' : ''
  return [...settings, ...roles.map((name) => `role ${what(name)}: ${name}${lost(name)}`)]
}

function withoutPlace(rule: Rule): string {
  const { at: _at, ...rest } = rule
  return canonicalJson(rest)
}

function ruleChanges(before: PolicyBundle, after: PolicyBundle): Pick<PolicyDiff, 'added' | 'removed' | 'changed'> {
  const old = new Map(before.rules.map((rule) => [rule.id, withoutPlace(rule)]))
  const fresh = new Map(after.rules.map((rule) => [rule.id, withoutPlace(rule)]))
  return {
    added: [...fresh.keys()].filter((id) => !old.has(id)),
    removed: [...old.keys()].filter((id) => !fresh.has(id)),
    changed: [...fresh].flatMap(([id, text]) => (old.has(id) && old.get(id) !== text ? [id] : [])),
  }
}

/** Every line that the files acknowledge. */
export function acknowledgements(parts: readonly Part[]): readonly string[] {
  return parts.flatMap((part) => part.data.acknowledge ?? [])
}

/**
 * Who gains and who loses which method and path between two policies, over generated requests.
 *
 * @param acknowledged - lines of the new files: `public <rule id>`, `wildcard <role>`, `admin <role> <permission>`,
 * where `<role>` is also `defaultRole` or `guestRole`
 */
export function diffPolicies(
  before: PolicyBundle,
  after: PolicyBundle,
  host: string,
  acknowledged: readonly string[],
): PolicyDiff {
  const [old, fresh] = [loadPolicy(before), loadPolicy(after)]
  const callers = callersOf([before, after])
  const differences: Difference[] = []
  const lines = new Set(roleWidenings(before, after))
  for (const probe of probes([before, after], host)) {
    for (const caller of callers) {
      const was = answer(old, probe, caller)
      const is = answer(fresh, probe, caller)
      if (was === null || is === null) continue
      const [from, to] = [describe(was.decision), describe(is.decision)]
      if (from === to) continue
      const effect = effectOf(was.decision, is.decision)
      if (effect === 'gains' && caller === 'nobody') lines.add(`public ${is.rule?.id ?? probe.path}`)
      differences.push({ caller, ...probe, effect, before: from, after: to })
    }
  }
  const widenings = [...lines].sort().map((line) => ({ line, acknowledged: acknowledged.includes(line) }))
  return { differences, widenings, ...ruleChanges(before, after), people: peopleChanges(before, after) }
}

/** Whether anything at all differs: exit code 1 of `postern diff`. */
export function isChanged(diff: PolicyDiff): boolean {
  const { differences, widenings, added, removed, changed, people } = diff
  return [differences, widenings, added, removed, changed, people].some((list) => list.length > 0)
}

/** A diff as lines for a terminal: widenings first. */
export function formatDiff(diff: PolicyDiff): string {
  const mark = { gains: '+', loses: '-', other: '~' } as const
  return [
    ...diff.widenings.map(
      ({ line, acknowledged }) => `! ${line}${acknowledged ? ' (acknowledged)' : `; add acknowledge: ["${line}"]`}`,
    ),
    ...diff.differences.map((one) => {
      const body = one.body === undefined ? '' : ` (body ${one.body})`
      return `${mark[one.effect]} ${one.caller} ${one.method} ${one.path}${body}: ${one.before} -> ${one.after}`
    }),
    ...diff.people,
    ...diff.added.map((id) => `rule added: ${id}`),
    ...diff.removed.map((id) => `rule removed: ${id}`),
    ...diff.changed.map((id) => `rule changed: ${id}`),
  ].join('\n')
}
