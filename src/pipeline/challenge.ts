import type { EndReason } from '../core/person.ts'
import type { Rule } from '../policy/model.ts'
import type { Caller } from '../session/caller.ts'
import type { Verdict } from './verdict.ts'

function reasonOf(ended: EndReason): 'expired' | 'revoked' {
  return ended === 'expired' ? 'expired' : 'revoked'
}

/** What somebody who is nobody here is told: why, as far as the store still knows. */
export function challenge(rule: Rule | null, caller: Caller): Verdict {
  switch (caller.kind) {
    case 'ended':
      return {
        kind: 'challenge',
        rule,
        reason: reasonOf(caller.reason),
        ended: caller.reason,
      }
    case 'invalid':
      return {
        kind: 'challenge',
        rule,
        reason: 'invalid',
        ended: null,
        ...(caller.untold === undefined ? {} : { untold: reasonOf(caller.untold) }),
      }
    case 'token-invalid':
    case 'ticket-invalid':
      return { kind: 'challenge', rule, reason: caller.kind, ended: null }
    case 'ambiguous':
      return { kind: 'bad-credential', rule }
    case 'nobody':
    case 'somebody':
      return { kind: 'challenge', rule, reason: 'no-session', ended: null }
  }
}
