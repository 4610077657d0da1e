import type { Ask } from '../core/ask.ts'
import { type BodyField, type Facts, type Shadow, shadows } from '../policy/decide.ts'
import type { Match } from '../policy/match.ts'
import type { Policy } from '../policy/policy.ts'
import type { Gateway } from '../ports/gateway.ts'
import { type Caller, callerOf } from '../session/caller.ts'
import type { FieldReader } from './held-body.ts'
import { outcomeOf } from './record.ts'
import type { Verdict } from './verdict.ts'
import { verdictOf } from './verdict-of.ts'

/** A decision that was made, and what it was made from. */
interface Decided {
  readonly ask: Ask
  readonly policy: Policy
  readonly match: Match
  readonly verdict: Verdict
  /** Whom it was made about; null: nobody had to be known. */
  readonly caller: Caller | null
  readonly body: FieldReader | null
}

function shadowsOf(decided: Decided, gateway: Gateway, caller: Caller | null, body?: BodyField): readonly Shadow[] {
  const { method, host, target, address, certified } = decided.ask
  const subject = caller?.kind === 'somebody' ? caller.subject : null
  const facts: Facts = { subject, method, host, target, body, now: gateway.runtime.now(), address, certified }
  return shadows(decided.policy, decided.match, facts)
}

/** Whether the body was read for the decision that counts: for a shadow alone it never is. */
function wasRead({ match, verdict }: Decided): boolean {
  if (match.kind !== 'rule' || match.rule.body === null) return false
  return verdict.kind === 'allow' || (verdict.kind === 'refuse' && verdict.refusal.kind === 'bad-body')
}

/** Reports what shadow rules would have answered instead; decides nothing, and nobody waits for it (DECISIONS 22). */
async function reportShadows(decided: Decided, gateway: Gateway): Promise<void> {
  const { ask, verdict } = decided
  const [beside] = shadowsOf(decided, gateway, null)
  if (beside === undefined) return
  const caller = decided.caller ?? (await callerOf(ask.credentials, gateway, 'remembered'))
  const field = beside.rule.body !== null && wasRead(decided) ? await decided.body?.field(beside.rule.body.field) : null
  const value = field?.ok === true ? field.value : undefined
  for (const { rule, decision } of shadowsOf(decided, gateway, caller, value)) {
    const isBlind = decision.kind === 'bad-body' && !wasRead(decided)
    const outcome = isBlind ? 'body-not-read' : outcomeOf(verdictOf(decision, ask, gateway, caller))
    if (outcome !== outcomeOf(verdict))
      gateway.runtime.observe({ kind: 'shadow', requestId: ask.requestId, rule: rule.id, outcome })
  }
}

/** The verdict as it is, with what shadow rules say reported beside it; costs nothing where there are none. */
export function shadowed(
  ask: Ask,
  gateway: Gateway,
  policy: Policy,
  match: Match,
  caller: Caller | null,
  body: FieldReader | null,
  verdict: Verdict,
): Verdict {
  if (policy.shadowing !== null)
    gateway.runtime.background(reportShadows({ ask, policy, match, verdict, caller, body }, gateway))
  return verdict
}
