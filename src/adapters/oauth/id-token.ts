import type { JWTPayload } from 'jose'
import type { Outbound } from './outbound.ts'
import { CLOCK_TOLERANCE_SECONDS, type SignedRules, verifySigned } from './signed-claims.ts'
import { invalid } from './trouble.ts'

/** What an ID token must repeat of the sign-in it answers. */
export interface IdTokenExpectation {
  readonly nonce: string
  /** Seconds since the person proved who they are, at most; null: not asked for. */
  readonly maxAge: number | null
}

/** Claims of a verified ID token; `sub` is there. */
export type IdTokenClaims = JWTPayload & { readonly sub: string; readonly iss: string }

/** Types that are never an ID token. */
export const NOT_ID_TOKENS: readonly string[] = ['logout+jwt', 'at+jwt', 'secevent+jwt', 'dpop+jwt']

/** An ID token comes straight from the token endpoint; one this old is a replay. */
const OLDEST_SECONDS = 600

/**
 * The claims of an ID token issued for this client and this very sign-in.
 *
 * @see OpenID Connect Core sections 2 and 3.1.3.7; OpenID Connect Back-Channel Logout section 2.4 (`events` keeps logout
 * tokens from passing as ID tokens)
 */
export async function verifyIdToken(
  outbound: Outbound,
  token: string,
  rules: SignedRules,
  expected: IdTokenExpectation,
): Promise<IdTokenClaims> {
  const claims = await verifySigned(outbound, token, rules)
  const { sub, iss, exp, iat } = claims
  if (typeof sub !== 'string' || sub === '' || sub.length > 255) throw invalid('sub')
  if (typeof iss !== 'string') throw invalid('iss')
  if (typeof exp !== 'number') throw invalid('exp')
  if (typeof iat !== 'number' || iat < outbound.now - OLDEST_SECONDS) throw invalid('iat')
  // ATTACK: no nonce must not equal no nonce.
  if (expected.nonce === '' || claims['nonce'] !== expected.nonce) throw invalid('nonce')
  if (claims['events'] !== undefined) throw invalid('events')
  if (expected.maxAge !== null) {
    const authTime = claims['auth_time']
    if (typeof authTime !== 'number' || authTime < outbound.now - expected.maxAge - CLOCK_TOLERANCE_SECONDS)
      throw invalid('auth_time')
  }
  return { ...claims, sub, iss }
}
