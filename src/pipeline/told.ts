import { FAULTS, type FaultKind } from '../core/fault.ts'
import type { ChallengeReason, Limit, Refusal, Verdict } from './verdict.ts'

const CHALLENGES: Readonly<Record<ChallengeReason, FaultKind>> = {
  'no-session': 'session-required',
  expired: 'session-expired',
  revoked: 'session-revoked',
  invalid: 'session-invalid',
  stale: 'session-stale',
  'token-invalid': 'token-invalid',
  'ticket-invalid': 'ticket-invalid',
  guest: 'guest-required',
}

/** Why somebody is asked to sign in, as they are told. */
export function challengeFault(reason: ChallengeReason): FaultKind {
  return CHALLENGES[reason]
}

/** Which limit it was, as they are told. */
export function limitFault({ kind }: Limit): FaultKind {
  return kind === 'token-limited' ? 'rate-limited' : kind
}

/** Why somebody is refused, as they are told. */
export function refusalFault(refused: Refusal): FaultKind {
  switch (refused.kind) {
    case 'bad-parameter':
      return `parameter-${refused.problem}`
    case 'suspended':
      return 'account-suspended'
    case 'forbid':
      return 'permission-denied'
    case 'onboarding':
      return 'onboarding-required'
    case 'needs-character':
      return refused.gone ? 'character-unknown' : 'character-required'
    default:
      return refused.kind
  }
}

function faultOf(verdict: Exclude<Verdict, { readonly kind: 'allow' }>): FaultKind {
  switch (verdict.kind) {
    case 'challenge':
      return challengeFault(verdict.reason)
    case 'refuse':
      return refusalFault(verdict.refusal)
    case 'limited':
      return limitFault(verdict.limit)
    default:
      return verdict.kind
  }
}

/** The problem code of a verdict, by which whoever is not let through can ask why; null: let through. */
export function codeOf(verdict: Verdict): string | null {
  return verdict.kind === 'allow' ? null : FAULTS[faultOf(verdict)].code
}
