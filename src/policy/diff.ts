import { canonicalTarget } from '../core/target.ts'
import { canonicalJson } from './bundle.ts'
import { PRETEND_NOW, pretend } from './callers.ts'
import { decide, type Facts } from './decide.ts'
import type { Decision } from './decision.ts'
import { type ComparedCaller, comparedCallers } from './diff-callers.ts'
import type { Part } from './known.ts'
import type { PolicyBundle, Rule } from './model.ts'
import { describe } from './outcome.ts'
import { acceptedValues } from './param-values.ts'
import { loadPolicy, matchRule, type Policy } from './policy.ts'
import { type Probe, probes } from './probes.ts'
import { type Crossing, crossings } from './reach.ts'
import { peopleChanges, roleWidenings } from './role-changes.ts'
import { isMorePublic, widerFor } from './wider.ts'

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
  /** Hosts and callers that were tried. */
  readonly hosts: readonly string[]
  readonly callers: readonly string[]
  readonly differences: readonly Difference[]
  readonly widenings: readonly Widening[]
  /** Ids of rules that are new, gone, or say something else (limits, upstream, conduct: also what no probe shows). */
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly changed: readonly string[]
  /** Ids of new or changed rules of which requests cannot tell everything: a condition, or values that were not found. */
  readonly untried: readonly string[]
  /** Settings and roles that differ, one line each. */
  readonly people: readonly string[]
}

function effectOf(before: Decision, after: Decision): Difference['effect'] {
  if ((before.kind === 'allow') === (after.kind === 'allow')) return 'other'
  return after.kind === 'allow' ? 'gains' : 'loses'
}

function withoutPlace(rule: Rule): string {
  const { at: _at, ...rest } = rule
  return canonicalJson(rest)
}

function hasUntried({ demands, body, params }: Rule): boolean {
  const conditions = [demands, ...Object.values(body?.cases ?? {})].some(({ when }) => when !== null)
  return conditions || params.some((param) => acceptedValues(param).length === 0)
}

function ruleChanges(
  before: PolicyBundle,
  after: PolicyBundle,
): Pick<PolicyDiff, 'added' | 'removed' | 'changed' | 'untried'> {
  const old = new Map(before.rules.map((rule) => [rule.id, withoutPlace(rule)]))
  const fresh = new Map(after.rules.map((rule) => [rule.id, withoutPlace(rule)]))
  const touched = after.rules.filter((rule) => old.get(rule.id) !== fresh.get(rule.id))
  return {
    added: [...fresh.keys()].filter((id) => !old.has(id)),
    removed: [...old.keys()].filter((id) => !fresh.has(id)),
    changed: [...fresh].flatMap(([id, text]) => (old.has(id) && old.get(id) !== text ? [id] : [])),
    untried: touched.filter(hasUntried).map(({ id }) => id),
  }
}

/** What rules open by what they say, whether or not a request shows it: `public <rule>`, `wider <rule>: <what>`. */
function ruleWidenings(found: readonly Crossing[], after: PolicyBundle): readonly string[] {
  const phrases = new Map<string, Set<string>>()
  const open: string[] = []
  for (const { was, is } of found) {
    if (isMorePublic(was, is)) open.push(`public ${is.id}`)
    const own = phrases.get(is.id) ?? new Set<string>()
    phrases.set(is.id, own)
    if (was !== null) for (const phrase of widerFor(was, is, after.roles)) own.add(phrase)
  }
  const wider = [...phrases].filter(([, own]) => own.size > 0)
  return [...open, ...wider.map(([id, own]) => `wider ${id}: ${[...own].join(', ')}`)]
}

type Asked = Omit<Facts, 'subject'>

function asked({ host, method, path, body }: Probe): Asked | null {
  const target = canonicalTarget(path)
  return target.ok ? { host, method, body, target: target.value, now: PRETEND_NOW, address: null } : null
}

function differencesOf(
  [old, fresh]: readonly [Policy, Policy],
  requests: readonly Probe[],
  callers: readonly ComparedCaller[],
): { readonly differences: readonly Difference[]; readonly open: readonly string[] } {
  const people = callers.map(({ name, data }) => ({ name, subject: pretend(data, fresh.bundle) }))
  const differences: Difference[] = []
  const open: string[] = []
  for (const probe of requests) {
    const request = asked(probe)
    if (request === null) continue
    const [wasMatch, isMatch] = [matchRule(old, request), matchRule(fresh, request)]
    for (const { name, subject } of people) {
      const was = decide(old, wasMatch, { ...request, subject })
      const is = decide(fresh, isMatch, { ...request, subject })
      const [before, after] = [describe(was), describe(is)]
      if (before === after) continue
      const effect = effectOf(was, is)
      if (subject === null && is.kind === 'allow' && effect === 'gains') open.push(`public ${is.rule.id}`)
      differences.push({ caller: name, ...probe, effect, before, after })
    }
  }
  return { differences, open }
}

/** Every line that the files acknowledge. */
export function acknowledgements(parts: readonly Part[]): readonly string[] {
  return parts.flatMap((part) => part.data.acknowledge ?? [])
}

/**
 * Who gains and who loses which method and path between two policies, over generated requests, and what widens by what
 * the rules say.
 *
 * @param known - hosts of the deployment; those that rules name are asked too
 * @param acknowledged - lines of the new files: `public <rule id>`, `wider <rule id>: <what>`, `wildcard <role>`,
 * `admin <role> <permission>`, `role <role>: <what>`, where `<role>` is also `defaultRole` or `guestRole`
 */
export function diffPolicies(
  before: PolicyBundle,
  after: PolicyBundle,
  known: readonly string[],
  acknowledged: readonly string[],
): PolicyDiff {
  const both = [loadPolicy(before, {}), loadPolicy(after, {})] as const
  const named = [before, after].flatMap(({ rules }) => rules.flatMap((rule) => rule.hosts))
  const hosts = [...new Set([...known, ...named])]
  const callers = comparedCallers([before, after])
  const found = crossings(...both, hosts)
  const moved = found.filter(({ was, is }) => was === null || withoutPlace(was) !== withoutPlace(is))
  const { differences, open } = differencesOf(both, probes([before, after], hosts, moved), callers)
  const lines = new Set([...open, ...ruleWidenings(moved, after), ...roleWidenings(before, after)])
  return {
    hosts,
    callers: callers.map(({ name }) => name),
    differences,
    widenings: [...lines].sort().map((line) => ({ line, acknowledged: acknowledged.includes(line) })),
    ...ruleChanges(before, after),
    people: peopleChanges(before, after),
  }
}

/** Whether anything at all differs: exit code 1 of `postern diff`. */
export function isChanged(diff: PolicyDiff): boolean {
  const { differences, widenings, added, removed, changed, people } = diff
  return [differences, widenings, added, removed, changed, people].some((list) => list.length > 0)
}
