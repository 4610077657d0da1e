import { err, ok, type Result } from '../../core/result.ts'
import type { NativeClient } from '../../ports/config.ts'
import type { Gateway } from '../../ports/gateway.ts'
import { type OAuthFault, twice } from './protocol.ts'

/** A program's request for a code, checked. */
export interface CodeRequest {
  readonly client: string
  readonly redirectUri: string
  /** base64url SHA-256 of the verifier (RFC 7636 section 4.2). */
  readonly challenge: string
  /** Given back as it came; null: none was sent. */
  readonly state: string | null
}

/** Why a request cannot be taken: where nobody may be sent, or what the program is told at its own address. */
export type Unfit =
  | { readonly kind: 'no-client' }
  | { readonly kind: 'no-redirect' }
  | {
      readonly kind: 'told'
      readonly redirectUri: string
      readonly state: string | null
      readonly error: OAuthFault
      readonly description: string
    }

const LONGEST_REDIRECT = 256
const LONGEST_STATE = 1024
/**
 * ATTACK: the address is compared as text and read by a browser, so both must see the same: the two loopback literals in
 * their one spelling, a port, and a path and query without dot segments, fragment or anything a parser would change.
 */
const LOOPBACK =
  /^http:\/\/(?:127\.0\.0\.1|\[::1\]):[1-9]\d{0,4}\/[A-Za-z0-9\-._~/]*(?:\?(?:[A-Za-z0-9\-._~/=&+]|%[0-9A-Fa-f]{2})*)?$/
/** What a program is told at its address, or may be by others (RFC 6749 section 4.1.2, RFC 9207). */
const TOLD = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri']
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/

/**
 * Whether a code may be sent to an address: a listener on this computer, on any port.
 *
 * @see RFC 8252 sections 7.3 and 8.3: the literal, never `localhost`, which a resolver may send elsewhere
 */
export function isLoopback(redirectUri: string): boolean {
  if (!LOOPBACK.test(redirectUri) || redirectUri.length > LONGEST_REDIRECT) return false
  // ATTACK: a program that reads the first of two would take what its address says for what it is told.
  const query = new URLSearchParams(redirectUri.split('?')[1] ?? '')
  if (TOLD.some((name) => query.has(name))) return false
  // WHY: port 80 is the one that a URL does not write.
  const written = URL.parse(redirectUri)?.href.replace(/^(http:\/\/[^/:]*(?:\[::1\])?)\//, '$1:80/')
  return written === redirectUri
}

/** One field that was sent once and not empty; null for every other case. */
function only(given: URLSearchParams, name: string): string | null {
  const [value, second] = given.getAll(name)
  return value === undefined || value === '' || second !== undefined ? null : value
}

/**
 * Checks a request in the order in which it may be answered: the client and its address first, for nobody is sent to an
 * address that is not known to be a loopback one.
 *
 * @see RFC 6749 section 4.1.1 and 4.1.2.1, RFC 7636 section 4.3
 */
export function readRequest({ config }: Pick<Gateway, 'config'>, given: URLSearchParams): Result<CodeRequest, Unfit> {
  const id = only(given, 'client_id')
  const client = config.nativeClients.find((one) => one.id === id)
  if (client === undefined) return err({ kind: 'no-client' })
  const redirectUri = only(given, 'redirect_uri')
  if (redirectUri === null || !isLoopback(redirectUri)) return err({ kind: 'no-redirect' })
  const state = only(given, 'state')
  const isStateFit = (state?.length ?? 0) <= LONGEST_STATE
  const wrong = isStateFit ? problemOf(client, given) : (['invalid_request', 'state is too long'] as const)
  const challenge = only(given, 'code_challenge')
  if (wrong === null && challenge !== null) return ok({ client: client.id, redirectUri, challenge, state })
  const [error, description] = wrong ?? ['invalid_request', 'code_challenge is missing']
  return err({ kind: 'told', redirectUri, state: isStateFit ? state : null, error, description })
}

function problemOf(client: NativeClient, given: URLSearchParams): readonly [OAuthFault, string] | null {
  const repeated = twice(given)
  if (repeated !== null) return ['invalid_request', 'a parameter was sent twice']
  if (!client.flows.includes('loopback'))
    return ['unauthorized_client', 'the flow "loopback" is not allowed to this client']
  const type = given.get('response_type') ?? ''
  if (type === '') return ['invalid_request', 'response_type is missing']
  if (type !== 'code') return ['unsupported_response_type', 'response_type must be code']
  if ((given.get('response_mode') ?? 'query') !== 'query') return ['invalid_request', 'response_mode must be query']
  if (!CHALLENGE.test(given.get('code_challenge') ?? ''))
    return ['invalid_request', 'code_challenge must be 43 characters of base64url']
  // ATTACK: a plain challenge is the verifier itself, for whoever sees the request (RFC 7636 section 7.2).
  if (given.get('code_challenge_method') !== 'S256') return ['invalid_request', 'code_challenge_method must be S256']
  return null
}
