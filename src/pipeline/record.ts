import type { Ask } from '../core/ask.ts'
import type { Rule } from '../policy/model.ts'
import { matchRule } from '../policy/policy.ts'
import type { Gateway } from '../ports/gateway.ts'
import { noteRefusal } from '../session/refusals.ts'
import { withoutTokens } from '../session/shown-tokens.ts'
import type { Verdict } from './verdict.ts'

/** The rule a verdict comes from; null when it comes from none. */
export function ruleOf(verdict: Verdict): Rule | null {
  if (verdict.kind !== 'refuse') return verdict.rule
  return 'rule' in verdict.refusal ? verdict.refusal.rule : null
}

/** A verdict in a few machine words. */
export function outcomeOf(verdict: Verdict): string {
  if (verdict.kind === 'challenge') return `challenge:${verdict.untold ?? verdict.reason}`
  if (verdict.kind === 'refuse') return `refuse:${verdict.refusal.kind}`
  return verdict.kind === 'limited' ? `limited:${verdict.limit.kind}` : verdict.kind
}

/** The rules of a path by which a request was refused that none of them decides: those for its other methods. */
export function rulesBeside(ask: Ask, gateway: Gateway): readonly Rule[] {
  const policy = gateway.policy()
  const match = matchRule(policy, ask)
  if (match.kind !== 'method') return []
  const others = match.allow.map((method) => matchRule(policy, { ...ask, method }))
  return [...new Set(others.flatMap((other) => (other.kind === 'rule' ? [other.rule] : [])))]
}

/** The path for a log: values of parameters the rule calls secret are replaced (seeds A17), and so are tokens of ours. */
export function loggedPath(ask: Ask, rule: Rule | null, gateway: Gateway): string {
  // WHY: what is a secret stays one in a request by a method that the path does not have.
  const rules = rule === null ? rulesBeside(ask, gateway) : [rule]
  if (rules.every(({ redact }) => redact.length === 0)) return withoutTokens(ask.target.path, gateway)
  const isSecret = (index: number) =>
    rules.some(({ segments, redact }) => {
      const pattern = segments[index]
      return pattern?.kind === 'param' && redact.includes(pattern.name)
    })
  const shown = ask.target.segments.map((segment, index) => (isSecret(index) ? '[redacted]' : segment))
  return withoutTokens(`/${shown.join('/')}`, gateway)
}

/**
 * Outcomes that are about who somebody is or how much they do. Requests in bad form, and steps on the way such as choosing
 * a character, are for the log alone.
 */
const OF_THE_RECORD: ReadonlySet<string> = new Set([
  'refuse:forbid',
  'refuse:guest-refused',
  'refuse:suspended',
  'refuse:not-found',
  'cross-site',
  'limited:rate-limited',
  'limited:token-limited',
  'limited:quota-exceeded',
])

/**
 * Reports one finished decision: who by id, which rule, what came of it; no query, no credential. The refusal of somebody
 * who is signed in goes into the record too.
 */
export function record(ask: Ask, gateway: Gateway, verdict: Verdict, status: number, began: number): void {
  const rule = ruleOf(verdict)
  const subject = 'subject' in verdict ? verdict.subject : null
  gateway.runtime.observe({
    kind: 'request',
    requestId: ask.requestId,
    front: ask.front,
    method: ask.method,
    path: loggedPath(ask, rule, gateway),
    host: ask.host,
    rule: rule?.id ?? null,
    outcome: verdict.kind === 'refuse' && verdict.refusal.kind === 'unknown-route' ? 'no rule' : outcomeOf(verdict),
    code: null,
    status,
    userId: subject === null || subject.kind === 'fixed-token' ? null : subject.user.id,
    sid: subject?.kind === 'session' ? subject.session.sid : null,
    upstream: rule?.upstream ?? null,
    durationMs: Math.round((gateway.runtime.ticks() - began) * 100) / 100,
    policy: gateway.policy().bundle.hash,
  })
  if (verdict.kind === 'allow' || rule === null || subject === null) return
  const outcome = outcomeOf(verdict)
  if (OF_THE_RECORD.has(outcome)) noteRefusal(ask, gateway, subject, rule.id, outcome)
}
