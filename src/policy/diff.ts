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

function roleWidenings(before: PolicyBundle, after: PolicyBundle): readonly string[] {
  return after.roles.flatMap((role) => {
    const old = before.roles.find((one) => one.name === role.name)?.permissions ?? []
    const fresh = role.permissions.filter((permission) => !old.includes(permission) && !old.some((one) => one === '*'))
    const star = fresh.some((permission) => permission === '*') ? [`wildcard ${role.name}`] : []
    const admin = fresh.filter((permission) => permission !== '*' && isAdminPermission(permission))
    return [...star, ...admin.map((permission) => `admin ${role.name} ${permission}`)]
  })
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
 * @param acknowledged - lines of the new files: `public <rule id>`, `wildcard <role>`, `admin <role> <permission>`
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
  return { differences, widenings, ...ruleChanges(before, after) }
}

/** Whether anything at all differs: exit code 1 of `postern diff`. */
export function isChanged(diff: PolicyDiff): boolean {
  return (
    diff.differences.length + diff.widenings.length + diff.added.length + diff.removed.length + diff.changed.length > 0
  )
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
    ...diff.added.map((id) => `rule added: ${id}`),
    ...diff.removed.map((id) => `rule removed: ${id}`),
    ...diff.changed.map((id) => `rule changed: ${id}`),
  ].join('\n')
}
