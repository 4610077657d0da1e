import type { Seconds } from '../core/brand.ts'
import type { Result } from '../core/result.ts'
import type { ProvenIdentity } from './store.ts'

/** What a sign-in at a provider needs; all values are ours, none comes from the request. */
export interface ProviderStart {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  readonly redirectUri: string
  readonly loginHint: string | null
  readonly prompt: string | null
}

/** The provider's answer to the callback; `parameters` are the callback's own, each at most once. */
export interface ProviderFinish {
  readonly parameters: URLSearchParams
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  readonly redirectUri: string
  /** Extra form-post field (Apple's `user`), only ever display data. */
  readonly extra: string | null
}

/** Why a provider's answer does not sign anybody in. */
export type ProviderFault =
  /** The person or the provider said no: `error=` of RFC 6749 section 4.1.2.1. */
  | { readonly kind: 'refused'; readonly error: string }
  /** The answer breaks the protocol or does not verify; `check` names the check for the operator, never for the client. */
  | { readonly kind: 'invalid'; readonly check: string }
  /** No answer, HTML, 5xx, 429; `retryAfter` in seconds when the provider said so. */
  | { readonly kind: 'unavailable'; readonly reason: string; readonly retryAfter: number | null }
  /** Proven, but not on the list this deployment lets in. */
  | { readonly kind: 'not-admitted'; readonly list: string }

/** A proven person, and what sign-out at the provider will need. */
export interface ProviderOutcome {
  readonly identity: ProvenIdentity
  /** Claims that may become user attributes, by their wire names. */
  readonly claims: Readonly<Record<string, unknown>>
  /** ID token for `id_token_hint`; null where the provider has none. Kept sealed, told to that provider alone. */
  readonly idToken: string | null
  /** The provider's own session id (`sid`), for back-channel logout. */
  readonly providerSid: string | null
  /** When the provider says it issued the ID token (`iat`), seconds; null where it has none. */
  readonly issuedAt: number | null
  /** `auth_time` when the provider states it, seconds. */
  readonly authTime: number | null
}

/** A provider's order to end sessions: those of `providerSid`, or all of `subject` when that is null. */
export interface LogoutClaims {
  readonly issuer: string
  readonly subject: string | null
  readonly providerSid: string | null
  /** Taken once; the same value again is a replay. */
  readonly jti: string
  readonly issuedAt: Seconds
  /** From here on the token is refused by its age, so `jti` may be forgotten. */
  readonly rememberUntil: Seconds
}

/** One way to sign in. */
export interface Provider {
  readonly id: string
  readonly name: string
  /** Issuer of all its identities; null where it differs from person to person: Microsoft has one for each tenant. */
  readonly issuer: string | null
  /** True when the callback is a cross-site form POST (Apple). */
  readonly formPost: boolean
  /**
   * What of its sign-ins proves that the person was there: the `auth_time` it states, that it was asked for a new proof,
   * any completed one, or nothing.
   */
  readonly proves: 'stated' | 'asked' | 'sign-in' | 'never'
  /** The URL to send the browser to. */
  start(start: ProviderStart): Promise<Result<string, ProviderFault>>
  finish(finish: ProviderFinish): Promise<Result<ProviderOutcome, ProviderFault>>
  /** Where to end the provider's own session; null when it has no such endpoint. */
  endSession(idToken: string | null, returnTo: string): Promise<string | null>
  /**
   * Verifies an OIDC back-channel logout token, all but the replay of `jti`; absent where the provider sends none.
   * `subject` is the identity's subject as `finish` gives it.
   */
  readonly logout?: (token: string) => Promise<Result<LogoutClaims, ProviderFault>>
}
