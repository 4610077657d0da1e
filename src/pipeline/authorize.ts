import type { Ask } from '../core/ask.ts'
import { isCrossSite } from '../core/client-kind.ts'
import type { Subject } from '../core/person.ts'
import { decide } from '../policy/decide.ts'
import type { Match } from '../policy/match.ts'
import type { Rule } from '../policy/model.ts'
import { matchRule, type Policy } from '../policy/policy.ts'
import type { Gateway } from '../ports/gateway.ts'
import { identifierOf } from '../session/identifier.ts'
import { type Identified, identify, identifyAgain } from '../session/identify.ts'
import type { Verdict } from './verdict.ts'

/**
 * May this go through, and as whom? The one decision of every front: HTTP, sockets, forward-auth and `explain`.
 * At most one store call; a refusal is returned, never thrown.
 *
 * @throws StoreUnavailable when the store is silent and the answer depends on it
 */
export async function authorize(ask: Ask, gateway: Gateway): Promise<Verdict> {
  const policy = gateway.policy()
  const match = matchRule(policy, ask)
  const anonymous = judge(ask, gateway, policy, match, { kind: 'nobody' })
  if (isFinal(anonymous, ask)) return anonymous
  const by = identifierOf(gateway)
  const identified = await identify(ask.credentials, by)
  const verdict = judge(ask, gateway, policy, match, identified)
  if (verdict.kind === 'allow' || !(identified.kind === 'somebody' && identified.cached === 'cached')) return verdict
  // WHY: a refusal from memory could be five seconds old; it is read once more before it is told (DECISIONS 8).
  return judge(ask, gateway, policy, match, await identifyAgain(ask.credentials, by))
}

function judge(ask: Ask, gateway: Gateway, policy: Policy, match: Match, identified: Identified): Verdict {
  const subject: Subject | null = identified.kind === 'somebody' ? identified.subject : null
  const now = gateway.runtime.now()
  const { method, host, target, address } = ask
  const decision = decide(policy, match, { subject, method, host, target, body: undefined, now, address })
  switch (decision.kind) {
    case 'allow':
      if (
        subject?.kind === 'session' &&
        decision.rule.csrf === 'auto' &&
        isCrossSite(ask, [gateway.config.origin, ...decision.rule.origins])
      ) {
        return { kind: 'cross-site', rule: decision.rule, subject }
      }
      return { kind: 'allow', rule: decision.rule, subject }
    case 'needs-session':
      return challenge(decision.rule, identified)
    case 'needs-fresh':
      return { kind: 'challenge', rule: decision.rule, reason: 'stale', ended: null }
    case 'guest-required':
      return { kind: 'challenge', rule: decision.rule, reason: 'guest', ended: null }
    case 'unknown-route':
      return subject === null ? challenge(null, identified) : { kind: 'refuse', refusal: decision, subject }
    default:
      return { kind: 'refuse', refusal: decision, subject }
  }
}

function challenge(rule: Rule | null, identified: Identified): Verdict {
  switch (identified.kind) {
    case 'ended':
      return {
        kind: 'challenge',
        rule,
        reason: identified.reason === 'expired' ? 'expired' : 'revoked',
        ended: identified.reason,
      }
    case 'invalid':
      return { kind: 'challenge', rule, reason: 'invalid', ended: null }
    default:
      return { kind: 'challenge', rule, reason: 'no-session', ended: null }
  }
}

/** Whether who asks cannot change the answer, so that nobody needs to be asked for: no store call. */
function isFinal(verdict: Verdict, ask: Ask): boolean {
  if (ask.credentials.cookie === null && ask.credentials.authorization === null && ask.credentials.apiToken === null)
    return true
  if (verdict.kind === 'allow') return verdict.rule.access === 'public'
  return verdict.kind === 'refuse' && !DEPENDS_ON_CALLER.has(verdict.refusal.kind)
}

const DEPENDS_ON_CALLER: ReadonlySet<string> = new Set([
  'forbid',
  'unknown-route',
  'needs-character',
  'onboarding',
  'suspended',
  'guest-refused',
])
