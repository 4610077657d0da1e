import type { Ask } from '../core/ask.ts'
import { isCrossSite } from '../core/client-kind.ts'
import { decide } from '../policy/decide.ts'
import type { Match } from '../policy/match.ts'
import { matchRule, type Policy } from '../policy/policy.ts'
import type { Gateway } from '../ports/gateway.ts'
import { type Caller, callerOf, keyUse } from '../session/caller.ts'
import { challenge } from './challenge.ts'
import type { Verdict } from './verdict.ts'

const NOBODY: Caller = { kind: 'nobody' }
const DEPENDS_ON_CALLER: ReadonlySet<string> = new Set([
  'forbid',
  'unknown-route',
  'needs-character',
  'onboarding',
  'suspended',
  'guest-refused',
])

/**
 * May this go through, and as whom? The one decision of every front: HTTP, sockets, forward-auth and `explain`.
 * At most one store call; a refusal is returned, never thrown.
 *
 * @throws StoreUnavailable when the store is silent and the answer depends on it
 */
export async function authorize(ask: Ask, gateway: Gateway): Promise<Verdict> {
  const policy = gateway.policy()
  const match = matchRule(policy, ask)
  const anonymous = judge(ask, gateway, policy, match, NOBODY)
  if (isFinal(anonymous, ask)) return anonymous
  const use = keyUse(ask)
  const caller = await callerOf(ask.credentials, gateway, 'remembered', use)
  const verdict = judge(ask, gateway, policy, match, caller)
  const remembered = caller.kind === 'somebody' && caller.cached === 'cached'
  if (verdict.kind === 'allow' || !remembered) return verdict
  // WHY: a refusal from memory could be five seconds old; it is read once more before it is told (DECISIONS 8).
  return judge(ask, gateway, policy, match, await callerOf(ask.credentials, gateway, 'anew', use))
}

/** The same decision about a caller who is known already: for what was let through and is still going on. */
export function judgeAgain(ask: Ask, gateway: Gateway, caller: Caller): Verdict {
  const policy = gateway.policy()
  return judge(ask, gateway, policy, matchRule(policy, ask), caller)
}

function judge(ask: Ask, gateway: Gateway, policy: Policy, match: Match, caller: Caller): Verdict {
  if (caller.kind === 'token-invalid' || caller.kind === 'ambiguous') return challenge(null, caller)
  const subject = caller.kind === 'somebody' ? caller.subject : null
  const { method, host, target, address } = ask
  const now = gateway.runtime.now()
  const decision = decide(policy, match, { subject, method, host, target, body: undefined, now, address })
  switch (decision.kind) {
    case 'allow': {
      const { rule } = decision
      const guarded = subject?.kind === 'session' && rule.csrf === 'auto'
      const isForeign = guarded && isCrossSite(ask, [gateway.config.origin, ...rule.origins])
      return { kind: isForeign ? 'cross-site' : 'allow', rule, subject }
    }
    case 'needs-session':
      return challenge(decision.rule, caller)
    case 'needs-fresh':
      return { kind: 'challenge', rule: decision.rule, reason: 'stale', ended: null }
    case 'guest-required':
      return { kind: 'challenge', rule: decision.rule, reason: 'guest', ended: null }
    case 'unknown-route':
      return subject === null ? challenge(null, caller) : { kind: 'refuse', refusal: decision, subject }
    default:
      return { kind: 'refuse', refusal: decision, subject }
  }
}

/** Whether who asks cannot change the answer, so that nobody needs to be asked for: no store call. */
function isFinal(verdict: Verdict, ask: Ask): boolean {
  const { cookie, authorization, apiToken } = ask.credentials
  if (cookie === null && authorization === null && apiToken === null) return true
  if (verdict.kind === 'allow') return verdict.rule.access === 'public'
  return verdict.kind === 'refuse' && !DEPENDS_ON_CALLER.has(verdict.refusal.kind)
}
