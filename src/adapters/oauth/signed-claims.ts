import { decodeProtectedHeader, type JWTPayload, jwtVerify, type ProtectedHeaderParameters } from 'jose'
import type { KeySource } from './key-source.ts'
import { SIGNATURE_ALGORITHMS } from './key-source.ts'
import type { Outbound } from './outbound.ts'
import { invalid } from './trouble.ts'

/** What every token of a provider must satisfy before its own rules are looked at. */
export interface SignedRules {
  readonly issuer: string
  readonly clientId: string
  readonly keys: KeySource
  /** The provider's own `id_token_signing_alg_values_supported`; null: not stated. */
  readonly algorithms: readonly string[] | null
  /** Header types that are some other kind of token. */
  readonly refusedTypes: readonly string[]
}

/** Seconds by which a provider's clock may differ from ours. */
export const CLOCK_TOLERANCE_SECONDS = 60
const MAX_TOKEN_CHARACTERS = 16_384
const TIMES = ['exp', 'iat', 'nbf', 'auth_time'] as const

function checkTimes(claims: JWTPayload): void {
  for (const name of TIMES) {
    const value = claims[name]
    // ATTACK: 1e400, "9999999999" and 2^53+1 are all "later than now" somewhere; jose accepts any finite number.
    if (value !== undefined && !(typeof value === 'number' && Number.isSafeInteger(Math.trunc(value))))
      throw invalid(name)
  }
}

function checkAudience(claims: JWTPayload, clientId: string): void {
  const { aud } = claims
  const azp = claims['azp']
  if (azp !== undefined && azp !== clientId) throw invalid('azp')
  if (Array.isArray(aud) && new Set(aud).size > 1 && azp !== clientId) throw invalid('azp')
}

/**
 * The claims of a token that a provider really signed for this client.
 *
 * Checks, beyond what jose does: `azp`, several audiences, times beyond safe numbers, the token type, Microsoft's
 * per-key issuer. Header members other than `alg`, `kid`, `typ` and `crit` are never read: `jwk`, `jku` and `x5c` choose
 * no key.
 *
 * @see OpenID Connect Core section 3.1.3.7; RFC 8725 sections 3.1, 3.8, 3.9, 3.11
 */
export async function verifySigned(outbound: Outbound, token: string, rules: SignedRules): Promise<JWTPayload> {
  if (token.length > MAX_TOKEN_CHARACTERS) throw invalid('token-size')
  const header = decodeHeader(token)
  const algorithms = SIGNATURE_ALGORITHMS.filter((alg) => rules.algorithms?.includes(alg) ?? true)
  if (typeof header.alg !== 'string' || !algorithms.includes(header.alg)) throw invalid('alg')
  const type = typeof header.typ === 'string' ? header.typ.toLowerCase().replace(/^application\//, '') : ''
  if (rules.refusedTypes.includes(type)) throw invalid('typ')
  const found = await rules.keys.find(outbound, { alg: header.alg, kid: header.kid ?? null })
  const { payload } = await jwtVerify(token, found.key, {
    algorithms,
    issuer: rules.issuer,
    audience: rules.clientId,
    currentDate: new Date(outbound.now * 1000),
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    requiredClaims: ['iss', 'aud', 'iat'],
  })
  checkTimes(payload)
  checkAudience(payload, rules.clientId)
  const iat = payload.iat ?? Number.POSITIVE_INFINITY
  if (iat > outbound.now + CLOCK_TOLERANCE_SECONDS) throw invalid('iat')
  if (found.issuer !== null && found.issuer.replace('{tenantid}', String(payload['tid'])) !== payload.iss)
    throw invalid('key-issuer')
  return payload
}

function decodeHeader(token: string): {
  readonly alg?: unknown
  readonly kid?: string | undefined
  readonly typ?: unknown
} {
  if (token.split('.').length !== 3) throw invalid('token-form')
  const header = headerOrNull(token)
  if (header === null) throw invalid('token-form')
  if (header.kid !== undefined && typeof header.kid !== 'string') throw invalid('kid')
  return header
}

function headerOrNull(token: string): ProtectedHeaderParameters | null {
  try {
    return decodeProtectedHeader(token)
  } catch {
    return null
  }
}
