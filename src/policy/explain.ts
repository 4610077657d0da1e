import { visible } from '../core/visible.ts'
import { decide, type Facts, type Shadow, shadows } from './decide.ts'
import type { Decision } from './decision.ts'
import type { Rule, Segment } from './model.ts'
import type { Step } from './note.ts'
import { describe, statusOf } from './outcome.ts'
import { matchRule, type Policy } from './policy.ts'
import { foldedWord, wordOf } from './word.ts'

/** A rule that would have taken the request had the winner not been there, and why it did not. */
export interface RunnerUp {
  readonly rule: Rule
  readonly why: string
}

/** Why a request gets the answer it gets. */
export interface Explanation {
  readonly rule: Rule | null
  readonly runnersUp: readonly RunnerUp[]
  /** Every check in the order it was made, up to the one that refused. */
  readonly steps: readonly Step[]
  readonly decision: Decision
  readonly status: number
  readonly shadows: readonly Shadow[]
}

function folded(rule: Rule, text: string): string {
  const word = wordOf(text)
  return rule.foldCase === true ? foldedWord(word) : word
}

function covers(rule: Rule, segments: readonly string[]): boolean {
  const asked = segments.at(-1) === '' ? segments.slice(0, -1) : segments
  const rest = rule.segments.at(-1)?.kind === 'rest'
  const own = rest ? rule.segments.slice(0, -1) : rule.segments
  if (rest ? asked.length < own.length : asked.length !== own.length) return false
  return own.every(
    (segment, index) => segment.kind !== 'literal' || folded(rule, segment.text) === folded(rule, asked[index] ?? ''),
  )
}

function named(segment: Segment | undefined): string {
  if (segment === undefined) return 'the end of the path'
  if (segment.kind === 'literal') return `"${segment.text}"`
  return segment.kind === 'param' ? `":${segment.name}"` : '"*"'
}

function whyNot(loser: Rule, winner: Rule | null, method: string): string {
  if (winner === null) return `does not list ${method}`
  if (winner.hosts.length > 0 && loser.hosts.length === 0) return `rule "${winner.id}" is for this host alone`
  for (const [index, segment] of loser.segments.entries()) {
    const better = winner.segments[index]
    if (better?.kind === segment.kind && (segment.kind !== 'literal' || named(better) === named(segment))) continue
    return `${named(segment)} loses to ${named(better)} in segment ${index + 1}`
  }
  return loser.methods.length === 0 ? `rule "${winner.id}" names the method` : `does not list ${method}`
}

function runnersUp(policy: Policy, winner: Rule | null, facts: Facts): readonly RunnerUp[] {
  const others = policy.bundle.rules.filter(
    (rule) =>
      rule !== winner &&
      rule.mode === 'enforce' &&
      (rule.hosts.length === 0 || rule.hosts.includes(facts.host)) &&
      covers(rule, facts.target.segments),
  )
  return others.map((rule) => ({ rule, why: whyNot(rule, winner, facts.method) }))
}

/** Says why: the winning rule, the runners-up and each check, with the evaluator that serves requests. */
export function explain(policy: Policy, facts: Facts): Explanation {
  const steps: Step[] = []
  const match = matchRule(policy, facts)
  const decision = decide(policy, match, facts, (step) => steps.push(step))
  const rule = match.kind === 'rule' ? match.rule : null
  return {
    rule,
    runnersUp: runnersUp(policy, rule, facts),
    steps,
    decision,
    status: statusOf(decision, facts.subject === null ? 'nobody' : 'signed-in'),
    shadows: shadows(policy, facts),
  }
}

function place(rule: Rule): string {
  return `${rule.id}  (${rule.at.file}:${rule.at.line})`
}

/** An explanation as lines for a terminal. */
export function formatExplanation(explanation: Explanation): string {
  const { rule, steps, decision, status } = explanation
  return [
    `rule     ${rule === null ? 'none' : place(rule)}`,
    ...steps.map((step) => `  ${step.holds ? 'ok  ' : 'no  '} ${step.check}: ${step.detail}`),
    `answer   ${describe(decision)}, ${status}`,
    ...explanation.runnersUp.map((other) => `beside   ${place(other.rule)}: ${other.why}`),
    ...explanation.shadows.map((shadow) => `shadow   ${place(shadow.rule)}: ${describe(shadow.decision)}`),
  ]
    .map(visible)
    .join('\n')
}
