import type { Ask } from '../core/ask.ts'
import { bearerOf } from '../core/bearer.ts'
import { isCrossSite } from '../core/client-kind.ts'
import type { Decision } from '../policy/decision.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { Caller } from '../session/caller.ts'
import { challenge } from './challenge.ts'
import type { Verdict } from './verdict.ts'

/** What a decision of the policy means for this caller: with what only the gateway knows, such as how a session ended. */
export function verdictOf(decision: Decision, ask: Ask, gateway: Gateway, caller: Caller): Verdict {
  const subject = caller.kind === 'somebody' ? caller.subject : null
  switch (decision.kind) {
    case 'allow': {
      const { rule } = decision
      const guarded = subject?.kind === 'session' && rule.csrf === 'auto' && isAmbient(ask.credentials)
      const isForeign = guarded && isCrossSite(ask, gateway.config.origin, rule.origins)
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

/** Whether a browser sends this by itself: a ticket was fetched by a page that may, and a bearer is set by who holds it. */
function isAmbient({ ticket, authorization }: Ask['credentials']): boolean {
  return ticket === undefined && bearerOf(authorization) === null
}
