import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  decodeProtectedHeader,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose'
import type { Character } from '../core/person.ts'
import { KeysUnavailable, Refused } from './refusal.ts'

/** Where the public keys come from. */
export type KeySource = JWTVerifyGetKey

/** Algorithms the gateway may sign assertions with. */
export type AssertionAlgorithm = 'ES256' | 'EdDSA'

/** What an assertion has to be. */
export interface AssertionOptions {
  /** Origin + prefix of the gateway, e.g. `https://play.example.com/auth`. */
  readonly issuer: string
  /** The audience configured for this upstream: its name, unless set otherwise. */
  readonly audience: string
  readonly keys: KeySource
  /** Default: ES256 and EdDSA. The token never chooses beyond this list. */
  readonly algorithms?: readonly AssertionAlgorithm[]
  /** Seconds by which clocks may differ; default 10, at most 120. */
  readonly leewaySeconds?: number
  /** Seconds since the epoch; default: the clock of the machine. */
  readonly now?: () => number
}

/** Somebody, as the gateway vouches. */
export interface VerifiedUser {
  readonly kind: 'user'
  /** Stable user id; the only thing to key data by. */
  readonly id: string
  /** Stable id of the session; null for an API token. */
  readonly session: string | null
  /** Primary role first; null when the list was too long and only its hash was sent. */
  readonly roles: readonly string[] | null
  readonly primaryRole: string | null
  /** Null when the list was too long: ask `claims.permissions_url`. */
  readonly permissions: readonly string[] | null
  readonly guest: boolean
  readonly name: string | null
  readonly email: string | null
  readonly emailVerified: boolean
  readonly character: Character | null
  /** When the person last proved who they are, in seconds since the epoch. */
  readonly authTime: number | null
  readonly provider: string | null
  readonly claims: JWTPayload
}

/** Nobody: the request came through the gateway, without a signed-in player. */
export interface VerifiedAnonymous {
  readonly kind: 'anonymous'
  readonly claims: JWTPayload
}

/** What the gateway says about a request: somebody, or nobody. */
export type Verified = VerifiedUser | VerifiedAnonymous

const UNKNOWN_KEY_COOLDOWN_MS = 60_000
const KEYS_MAX_AGE_MS = 600_000
const LONGEST_TOKEN = 8192
const MOST_LEEWAY = 120
const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/

/**
 * Keys from the gateway's JWKS: kept for 10 minutes; an unknown `kid` asks again at most once a minute, so that
 * invented ones make no storm.
 *
 * @param url - e.g. `https://play.example.com/auth/.well-known/jwks.json`
 * @param request - the `fetch` to use instead of the runtime's own
 */
export function remoteKeys(
  url: string | URL,
  request?: (url: string, init: RequestInit) => Promise<Response>,
): KeySource {
  return createRemoteJWKSet(new URL(url), {
    cooldownDuration: UNKNOWN_KEY_COOLDOWN_MS,
    cacheMaxAge: KEYS_MAX_AGE_MS,
    timeoutDuration: 5000,
    ...(request === undefined ? {} : { [customFetch]: request }),
  })
}

/** Keys that are given: for tests, and for upstreams that may not call out. */
export function localKeys(jwks: JSONWebKeySet): KeySource {
  return createLocalJWKSet(jwks)
}

/** What jose found, in our words. */
function asRefusal(problem: unknown): Refused | KeysUnavailable {
  if (problem instanceof errors.JWTExpired) return new Refused('assertion_expired', 'the assertion is over')
  if (problem instanceof errors.JWTClaimValidationFailed) return claimRefusal(problem)
  if (problem instanceof errors.JOSEAlgNotAllowed) return new Refused('assertion_algorithm', 'algorithm not allowed')
  if (problem instanceof errors.JWKSNoMatchingKey || problem instanceof errors.JWKSMultipleMatchingKeys) {
    return new Refused('assertion_unknown_key', 'no published key has this kid')
  }
  if (problem instanceof errors.JWSSignatureVerificationFailed) {
    return new Refused('assertion_signature', 'the signature does not match')
  }
  const malformed = [errors.JWSInvalid, errors.JWTInvalid, errors.JOSENotSupported]
  if (malformed.some((kind) => problem instanceof kind)) {
    return new Refused('assertion_malformed', 'not an assertion', { cause: problem })
  }
  return new KeysUnavailable(problem)
}

function claimRefusal(problem: errors.JWTClaimValidationFailed): Refused {
  const message = `claim ${problem.claim} is not as it has to be`
  switch (problem.claim) {
    case 'iss':
      return new Refused('assertion_issuer', message)
    case 'aud':
      return new Refused('assertion_audience', message)
    case 'iat':
      return new Refused(problem.reason === 'check_failed' ? 'assertion_from_future' : 'assertion_claims', message)
    case 'nbf':
      return new Refused('assertion_from_future', message)
    default:
      return new Refused('assertion_claims', message)
  }
}

function requireForm(token: string): void {
  // ATTACK: CVE-2024-28180 and kin: length and form before anything is decoded.
  if (token.length > LONGEST_TOKEN || !COMPACT.test(token))
    throw new Refused('assertion_malformed', 'not a compact JWS')
  let kid: unknown
  try {
    kid = decodeProtectedHeader(token).kid
  } catch (problem) {
    throw new Refused('assertion_malformed', 'the header is not JSON', { cause: problem })
  }
  if (typeof kid !== 'string' || kid === '') throw new Refused('assertion_malformed', 'no kid')
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function names(value: unknown): readonly string[] | null {
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : null
}

function playedBy(claims: JWTPayload): Character | null {
  const { character } = claims
  const world = text(claims['world'])
  if (typeof character !== 'object' || character === null || world === null) return null
  const id = 'id' in character ? text(character.id) : null
  const name = 'name' in character ? text(character.name) : null
  return id === null ? null : { id, name: name ?? '', world }
}

function verifiedFrom(claims: JWTPayload, audience: string): Verified {
  if (claims.aud === `${audience}#anonymous`) {
    if (claims['anonymous'] !== true || claims.sub !== undefined)
      throw new Refused('assertion_claims', 'anonymous, yet somebody')
    return { kind: 'anonymous', claims }
  }
  const id = text(claims.sub)
  if (claims.aud !== audience) throw new Refused('assertion_audience', 'more than one audience')
  if (id === null || claims['anonymous'] !== undefined) throw new Refused('assertion_claims', 'no subject')
  return {
    kind: 'user',
    id,
    session: text(claims['sid']),
    roles: names(claims['roles']),
    primaryRole: text(claims['primary_role']),
    permissions: names(claims['permissions']),
    guest: claims['guest'] === true,
    name: text(claims['name']),
    email: text(claims['email']),
    emailVerified: claims['email_verified'] === true,
    character: playedBy(claims),
    authTime: typeof claims['auth_time'] === 'number' ? claims['auth_time'] : null,
    provider: text(claims['idp']),
    claims,
  }
}

function leewayOf(options: AssertionOptions): number {
  const leeway = options.leewaySeconds ?? 10
  if (!(leeway >= 0 && leeway <= MOST_LEEWAY)) throw new RangeError(`leeway of ${leeway} s; 0 to ${MOST_LEEWAY}`)
  return leeway
}

/**
 * Who the gateway says is asking. Throws `Refused` when the assertion is not to be believed, `KeysUnavailable` when
 * that could not be found out.
 *
 * @param token - value of the assertion header; null or undefined when the request has none
 * @see RFC 8725 (algorithm list, audience, issuer, key by `kid` only); DECISIONS 24 for anonymous assertions
 */
export async function verifyAssertion(token: string | null | undefined, options: AssertionOptions): Promise<Verified> {
  if (token === null || token === undefined || token === '')
    throw new Refused('assertion_missing', 'no assertion header')
  requireForm(token)
  const clockTolerance = leewayOf(options)
  const now = options.now?.()
  try {
    const { payload } = await jwtVerify(token, options.keys, {
      issuer: options.issuer,
      audience: [options.audience, `${options.audience}#anonymous`],
      algorithms: [...(options.algorithms ?? ['ES256', 'EdDSA'])],
      clockTolerance,
      maxTokenAge: MOST_LEEWAY,
      requiredClaims: ['iss', 'aud', 'iat', 'exp'],
      typ: 'JWT',
      ...(now === undefined ? {} : { currentDate: new Date(now * 1000) }),
    })
    return verifiedFrom(payload, options.audience)
  } catch (problem) {
    if (problem instanceof Refused) throw problem
    throw asRefusal(problem)
  }
}
