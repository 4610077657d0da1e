import type { Ask } from '../core/ask.ts'
import { shadowMatch } from '../policy/decide.ts'
import type { Match } from '../policy/match.ts'
import type { Policy } from '../policy/policy.ts'
import type { Gateway } from '../ports/gateway.ts'
import { type Caller, callerOf, keyUse } from '../session/caller.ts'
import type { FieldReader } from './held-body.ts'
import { judge, judgeAnybody, wantsBody } from './judge.ts'
import { outcomeOf } from './record.ts'
import type { Verdict } from './verdict.ts'

type Beside = NonNullable<ReturnType<typeof shadowMatch>>

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

/** Whether the body was read for the decision that counts: for a shadow alone it never is. */
function wasRead({ match, verdict }: Decided): boolean {
  if (match.kind !== 'rule' || match.rule.body === null) return false
  return verdict.kind === 'allow' || (verdict.kind === 'refuse' && verdict.refusal.kind === 'bad-body')
}

/** Reports what shadow rules would have answered instead; decides nothing, and nobody waits for it (DECISIONS 22). */
async function reportShadows(decided: Decided, gateway: Gateway): Promise<void> {
  const { ask, policy, verdict } = decided
  const beside = shadowMatch(policy, ask)
  if (beside === null) return
  const { rule } = beside
  const said = await verdictOfShadow(decided, beside, gateway)
  const outcome = wantsBody(said) && !wasRead(decided) ? 'body-not-read' : outcomeOf(said)
  if (outcome !== outcomeOf(verdict))
    gateway.runtime.observe({ kind: 'shadow', requestId: ask.requestId, rule: rule.id, outcome })
}

/** INVARIANT: step by step what `authorize` does of a rule that decides: whoever tries a rule out trusts what it reports. */
async function verdictOfShadow(decided: Decided, beside: Beside, gateway: Gateway): Promise<Verdict> {
  const { ask, policy } = decided
  const anybody = judgeAnybody(ask, gateway, policy, beside)
  if (anybody !== null) return anybody
  const { body } = beside.rule
  const field = body !== null && wasRead(decided) ? await decided.body?.field(body.field) : null
  const value = field?.ok === true ? field.value : undefined
  const use = keyUse(ask)
  const caller = decided.caller ?? (await callerOf(ask.credentials, gateway, 'remembered', use))
  const said = judge(ask, gateway, policy, beside, caller, value)
  const remembered = caller.kind === 'somebody' && caller.cached === 'cached'
  if (said.kind === 'allow' || !remembered) return said
  return judge(ask, gateway, policy, beside, await callerOf(ask.credentials, gateway, 'anew', use), value)
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
