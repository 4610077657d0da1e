import type { EndReason, Subject } from '../core/person.ts'
import type { Decision } from '../policy/decision.ts'
import type { Rule } from '../policy/model.ts'
import type { TokenExcess } from '../session/token-limit.ts'

/** Why a caller is asked to sign in. */
export type ChallengeReason =
  | 'no-session'
  | 'expired'
  | 'revoked'
  | 'invalid'
  | 'stale'
  | 'token-invalid'
  | 'ticket-invalid'
  | 'guest'

/** Every decision that refuses somebody who is known well enough. */
export type Refusal = Exclude<Decision, { readonly kind: 'allow' | 'needs-session' | 'needs-fresh' | 'guest-required' }>

/** Which limit of a rule or of a token a request ran into. */
export type Limit =
  | { readonly kind: 'body-too-large'; readonly most: number }
  | { readonly kind: 'rate-limited'; readonly retryAfter: number }
  | { readonly kind: 'token-limited'; readonly excess: TokenExcess }
  | { readonly kind: 'quota-exceeded'; readonly limit: number; readonly used: number }

/** The answer to the one question: may this go through, and as whom? */
export type Verdict =
  | {
      readonly kind: 'allow'
      readonly rule: Rule
      readonly subject: Subject | null
      /** The field of the body that it was decided with; absent: none was asked for. */
      readonly field?: string | number | boolean | null
      /** What was reserved of the rule's quota. */
      readonly reservation?: string
    }
  | {
      readonly kind: 'challenge'
      readonly rule: Rule | null
      readonly reason: ChallengeReason
      /** How the session ended, when the store still knows. */
      readonly ended: EndReason | null
      /** What only the log may say (seeds S28). */
      readonly untold?: 'expired' | 'revoked'
    }
  | { readonly kind: 'refuse'; readonly refusal: Refusal; readonly subject: Subject | null }
  | { readonly kind: 'bad-credential' | 'token-in-url'; readonly rule: Rule | null }
  | { readonly kind: 'cross-site'; readonly rule: Rule; readonly subject: Subject | null }
  | { readonly kind: 'limited'; readonly rule: Rule; readonly subject: Subject | null; readonly limit: Limit }
