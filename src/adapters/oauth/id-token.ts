import { decodeProtectedHeader, type JWTPayload } from 'jose'
import { base64url, utf8 } from '../../core/bytes.ts'
import type { Outbound } from './outbound.ts'
import { CLOCK_TOLERANCE_SECONDS, type SignedRules, verifySigned } from './signed-claims.ts'
import { invalid } from './trouble.ts'

/** What an ID token must repeat of the sign-in it answers. */
export interface IdTokenExpectation {
  readonly nonce: string
  /** Seconds since the person proved who they are, at most; null: not asked for. */
  readonly maxAge: number | null
  /** What came beside it; null: nothing that is text. */
  readonly accessToken: string | null
}

/** Claims of a verified ID token; `sub` is there. */
export type IdTokenClaims = JWTPayload & { readonly sub: string; readonly iss: string }

/** Types that are never an ID token. */
export const NOT_ID_TOKENS: readonly string[] = ['logout+jwt', 'at+jwt', 'secevent+jwt', 'dpop+jwt']

/** An ID token comes straight from the token endpoint; one this old is a replay. */
const OLDEST_SECONDS = 600

/** The hash inside a signature algorithm: the one that its name ends in, and SHA-512 in Ed25519 (RFC 8032 section 5.1). */
function hashOf(alg: string): string {
  return `SHA-${/(?:256|384|512)$/.exec(alg)?.[0] ?? '512'}`
}

/**
 * Whether `at_hash` says the access token that came beside it; an ID token of a code flow may leave it out.
 *
 * ATTACK: an access token of somebody else beside an honest ID token would tell of them at userinfo.
 *
 * @see OpenID Connect Core sections 3.1.3.6 and 3.1.3.8
 */
async function checkAccessToken(token: string, claims: JWTPayload, accessToken: string | null): Promise<void> {
  const stated = claims['at_hash']
  if (stated === undefined) return
  if (accessToken === null) throw invalid('at_hash')
  const { alg = '' } = decodeProtectedHeader(token)
  const whole = new Uint8Array(await crypto.subtle.digest(hashOf(alg), utf8(accessToken)))
  if (stated !== base64url(whole.subarray(0, whole.length / 2))) throw invalid('at_hash')
}

/**
 * The claims of an ID token issued for this client and this very sign-in.
 *
 * @see OpenID Connect Core sections 2, 3.1.3.7 and 3.1.3.8; OpenID Connect Back-Channel Logout section 2.4 (`events` keeps logout
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
  await checkAccessToken(token, claims, expected.accessToken)
  return { ...claims, sub, iss }
}
