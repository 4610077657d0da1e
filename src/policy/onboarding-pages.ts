import { canonicalTarget } from '../core/target.ts'
import { matchTree, type RuleTree } from './match.ts'
import type { Rule } from './model.ts'
import type { Problems } from './problem.ts'

/** The rule that sends a visit of the page on to a page again, because of the same attribute; null: the page is shown. */
function sendingOn({ onboarding, hosts }: Rule, known: readonly string[], tree: RuleTree): Rule | null {
  const target = canonicalTarget(onboarding?.page.split('#', 1)[0] ?? '')
  if (!target.ok) return null
  const asked = hosts.length === 0 ? known : hosts
  for (const host of asked.length === 0 ? [''] : asked) {
    const match = matchTree(tree, { host, method: 'GET', target: target.value })
    if (match.kind === 'rule' && match.rule.onboarding?.attribute === onboarding?.attribute) return match.rule
  }
  return null
}

/**
 * Warns of pages on which a registration should be finished, and which are themselves only for whoever has finished it:
 * a browser would be sent there without end.
 *
 * @param hosts - every host of the deployment
 */
export function warnOfEndlessOnboarding(
  rules: readonly Rule[],
  hosts: readonly string[],
  tree: RuleTree,
  problems: Problems,
): void {
  for (const rule of rules) {
    const again = rule.onboarding === null ? null : sendingOn(rule, hosts, tree)
    if (again === null) continue
    const [page, next] = [rule, again].map(({ onboarding }) => onboarding?.page.split(/[?#]/, 1)[0] ?? '')
    const what = `onboarding sends to "${page}", and rule "${again.id}" sends from there to "${next}" again, for ever`
    problems.warn(rule.at, 'PST265', what, `write a rule for "${page}" without this onboarding`)
  }
}
