import { type Seconds, seconds } from '../../core/brand.ts'
import type { LogoutClaims } from '../../ports/provider.ts'
import type { Outbound } from './outbound.ts'
import { CLOCK_TOLERANCE_SECONDS, type SignedRules, verifySigned } from './signed-claims.ts'
import { invalid } from './trouble.ts'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
/** A logout token older than this is refused, whatever its `exp`; the replay memory need not be longer. */
const LONGEST_SECONDS = 300

function shortText(value: unknown, name: string): string | null {
  if (value === undefined) return null
  if (typeof value !== 'string' || value === '' || value.length > 255) throw invalid(name)
  return value
}

function checkEvent(events: unknown): void {
  if (typeof events !== 'object' || events === null || Array.isArray(events) || !Object.hasOwn(events, EVENT))
    throw invalid('events')
  const event: unknown = (events as Readonly<Record<string, unknown>>)[EVENT]
  if (typeof event !== 'object' || event === null || Array.isArray(event)) throw invalid('events')
}

/**
 * What a back-channel logout token orders; the caller remembers `jti` until `rememberUntil` and refuses it the second
 * time.
 *
 * ATTACK: an ID token is signed by the same key for the same audience; `events` must be there and `nonce` must not
 * (section 2.6 rules 5 and 6). A token without `iat` or `jti` could be replayed for ever (security.md row 133).
 *
 * TRADE-OFF: `exp` is required there (section 2.4), and some providers that were there before leave it out. It is checked
 * where it is given; without it `iat` bounds the token no less, `jti` keeps it from being obeyed twice, and to refuse what
 * the provider really signed would leave a session open that is over.
 *
 * @see OpenID Connect Back-Channel Logout 1.0 sections 2.4 and 2.6
 */
export async function verifyLogoutToken(outbound: Outbound, token: string, rules: SignedRules): Promise<LogoutClaims> {
  const claims = await verifySigned(outbound, token, rules)
  if (claims['nonce'] !== undefined) throw invalid('nonce')
  checkEvent(claims['events'])
  const jti = shortText(claims.jti, 'jti')
  if (jti === null) throw invalid('jti')
  const subject = shortText(claims.sub, 'sub')
  const providerSid = shortText(claims['sid'], 'sid')
  if (subject === null && providerSid === null) throw invalid('sid')
  const issuedAt = Math.trunc(claims.iat ?? 0)
  if (issuedAt < outbound.now - LONGEST_SECONDS - CLOCK_TOLERANCE_SECONDS) throw invalid('iat')
  return {
    issuer: rules.issuer,
    subject,
    providerSid,
    jti,
    issuedAt: seconds(issuedAt),
    rememberUntil: memoryEnd(issuedAt),
  }
}

function memoryEnd(issuedAt: number): Seconds {
  return seconds(issuedAt + LONGEST_SECONDS + 2 * CLOCK_TOLERANCE_SECONDS)
}
