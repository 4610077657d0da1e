import type { Profile } from '../../core/person.ts'
import type { ProviderFinish, ProviderStart } from '../../ports/provider.ts'
import type { Outbound } from './outbound.ts'
import type { SignedRules } from './signed-claims.ts'

/** What a provider proved, before this deployment's admission lists are asked. */
export interface Proof {
  readonly issuer: string
  readonly subject: string
  readonly profile: Profile
  readonly claims: Readonly<Record<string, unknown>>
  readonly idToken: string | null
  readonly providerSid: string | null
  readonly issuedAt: number | null
  readonly authTime: number | null
  /** Memberships by list name: `hostedDomain`, `guild`, `workspace`, `tenant`. */
  readonly groups: Readonly<Record<string, readonly string[]>>
}

/** One protocol spoken to one provider; faults are thrown as `ProviderTrouble` and become values in `providers.ts`. */
export interface Adapter {
  /** Who vouches for every subject it proves; null where that differs from person to person. */
  readonly issuer: string | null
  readonly formPost: boolean
  /** Whether its ID tokens may state `auth_time`. */
  readonly statesAuthTime: 'may' | 'never'
  /** Whether it knows a word that makes the person prove who they are again, such as `prompt=login`. */
  readonly asksAgain: 'can' | 'cannot'
  start(outbound: Outbound, start: ProviderStart): Promise<string>
  finish(outbound: Outbound, finish: ProviderFinish): Promise<Proof>
  endSession(outbound: Outbound, idToken: string | null, returnTo: string): Promise<string | null>
  /** What a back-channel logout token must satisfy; null where the provider sends none. */
  readonly logoutRules: ((outbound: Outbound) => Promise<SignedRules>) | null
}

/** Claims without those that only make sense inside the protocol. */
export function publicClaims(claims: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const inner = new Set(['nonce', 'at_hash', 'c_hash', 's_hash', 'aud', 'azp', 'exp', 'iat', 'nbf', 'jti', 'sid'])
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !inner.has(name)))
}
