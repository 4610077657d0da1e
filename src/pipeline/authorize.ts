import type { Ask } from '../core/ask.ts'
import type { Match } from '../policy/match.ts'
import { matchRule, type Policy } from '../policy/policy.ts'
import type { Gateway } from '../ports/gateway.ts'
import { type Caller, callerOf, keyUse, rememberedCaller } from '../session/caller.ts'
import { holdsToken } from '../session/shown-tokens.ts'
import type { FieldReader } from './held-body.ts'
import { judge, judgeAnybody, judgeBody, ruleIn, wantsBody } from './judge.ts'
import { shadowed } from './shadow.ts'
import type { Verdict } from './verdict.ts'

/**
 * May this go through, and as whom? The one decision of every front: HTTP, sockets, forward-auth and `explain`.
 * At most one store call; a refusal is returned, never thrown. A body is read only of somebody who may be here at all,
 * and only where the rule asks for one of its fields (DECISIONS 23).
 *
 * @throws StoreUnavailable when the store is silent and the answer depends on it
 */
export function authorize(ask: Ask, gateway: Gateway, body: FieldReader | null = null): Verdict | Promise<Verdict> {
  const policy = gateway.policy()
  const match = matchRule(policy, ask)
  // ATTACK: addresses are written down on their way: a token of ours in one is never believed and never passed on.
  const held = holdsToken(ask.target, gateway)
  if (held !== false)
    return held.then((is) =>
      is ? { kind: 'token-in-url', rule: ruleIn(match) } : atLength(ask, gateway, policy, match, body),
    )
  return recalled(ask, gateway, policy, match) ?? atLength(ask, gateway, policy, match, body)
}

/**
 * What memory alone allows, which is what most requests come to: at once, so that the hot path waits for no promise.
 *
 * INVARIANT: the same as at length: who is let through has a request in good form, and of nobody a session would be asked.
 */
function recalled(ask: Ask, gateway: Gateway, policy: Policy, match: Match): Verdict | null {
  const needsCaller = match.kind === 'rule' && (match.rule.access === 'session' || match.rule.access === 'optional')
  if (!needsCaller || policy.shadowing !== null) return null
  const caller = rememberedCaller(ask.credentials, gateway, keyUse(ask))
  const verdict = caller === null ? null : judge(ask, gateway, policy, match, caller)
  return verdict?.kind === 'allow' ? verdict : null
}

async function atLength(
  ask: Ask,
  gateway: Gateway,
  policy: Policy,
  match: Match,
  body: FieldReader | null,
): Promise<Verdict> {
  const anybody = judgeAnybody(ask, gateway, policy, match)
  if (anybody !== null) return shadowed(ask, gateway, policy, match, null, body, anybody)
  const use = keyUse(ask)
  const caller = await callerOf(ask.credentials, gateway, 'remembered', use)
  const verdict = judge(ask, gateway, policy, match, caller)
  const read = wantsBody(verdict) ? await judgeBody(ask, gateway, policy, match, caller, body) : verdict
  const remembered = caller.kind === 'somebody' && caller.cached === 'cached'
  if (read.kind === 'allow' || !remembered) return shadowed(ask, gateway, policy, match, caller, body, read)
  // WHY: a refusal from memory could be five seconds old; it is read once more before it is told (DECISIONS 8).
  const now = await callerOf(ask.credentials, gateway, 'anew', use)
  const again = judge(ask, gateway, policy, match, now)
  const final = wantsBody(again) ? await judgeBody(ask, gateway, policy, match, now, body) : again
  return shadowed(ask, gateway, policy, match, now, body, final)
}

/** The same decision about a caller who is known already: for what was let through and is still going on. */
export function judgeAgain(ask: Ask, gateway: Gateway, caller: Caller): Verdict {
  const policy = gateway.policy()
  return judge(ask, gateway, policy, matchRule(policy, ask), caller, ask.field)
}
