import type { AttributeTypes } from '../core/person.ts'
import { type Match, type MatchInput, matchTree, type RuleTree, ruleTree } from './match.ts'
import type { PolicyBundle, Role } from './model.ts'
import type { Effective, RoleBook } from './permissions.ts'
import { prepareRule } from './prepare.ts'

/** A bundle ready to decide: trees of paths, compiled conditions, interned permission sets. */
export interface Policy extends RoleBook {
  readonly hash: string
  readonly bundle: PolicyBundle
  readonly roles: ReadonlyMap<string, Role>
  /** Types of user attributes as the configuration declares them; none where only the policy itself is looked at. */
  readonly attributes: AttributeTypes
  readonly combinations: Map<string, Effective>
  readonly enforcing: RuleTree
  /** Rules in mode `shadow`; null when there are none. */
  readonly shadowing: RuleTree | null
}

/**
 * Makes a bundle ready; throws on one that `compile` did not write, so that the caller keeps the policy it has.
 *
 * @param attributes - as the configuration declares them: a stored one of another type refuses where it is read
 */
export function loadPolicy(bundle: PolicyBundle, attributes: AttributeTypes): Policy {
  if (bundle.format !== 1)
    throw new Error(`PST290 policy bundle of format ${String(bundle.format)}; this version reads 1`)
  const prepared = bundle.rules.map(prepareRule)
  const shadow = prepared.filter((one) => one.rule.mode === 'shadow')
  return {
    hash: bundle.hash,
    bundle,
    roles: new Map(bundle.roles.map((role) => [role.name, role])),
    attributes,
    combinations: new Map(),
    enforcing: ruleTree(prepared.filter((one) => one.rule.mode === 'enforce')),
    shadowing: shadow.length === 0 ? null : ruleTree(shadow),
  }
}

/** The enforcing rule of a request, a path that lacks the method, or nothing. */
export function matchRule(policy: Policy, input: MatchInput): Match {
  return matchTree(policy.enforcing, input)
}
