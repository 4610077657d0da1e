import { errors } from 'jose'
import {
  AuthorizationResponseError,
  OperationProcessingError,
  ResponseBodyError,
  UnsupportedOperationError,
  WWWAuthenticateChallengeError,
} from 'oauth4webapi'
import type { ProviderFault } from '../../ports/provider.ts'

/** A sign-in stopped inside this room; becomes a fault value at its border and is never seen outside. */
export class ProviderTrouble extends Error {
  override readonly name = 'ProviderTrouble'
  readonly fault: ProviderFault
  constructor(fault: ProviderFault) {
    super(fault.kind)
    this.fault = fault
  }
}

/** The answer breaks the protocol; `check` is one of our own words, never text of the provider. */
export function invalid(check: string): ProviderTrouble {
  return new ProviderTrouble({ kind: 'invalid', check })
}

/** The provider gave no usable answer; `retryAfter` in seconds when it said when to come back. */
export function unavailable(reason: string, retryAfter: number | null = null): ProviderTrouble {
  return new ProviderTrouble({ kind: 'unavailable', reason, retryAfter })
}

// ATTACK: `error` and `error_description` are text of whoever made the callback URL; only registered words pass.
const REGISTERED: ReadonlySet<string> = new Set([
  'access_denied',
  'account_selection_required',
  'consent_required',
  'interaction_required',
  'invalid_request',
  'invalid_scope',
  'login_required',
  'unauthorized_client',
  'unsupported_response_type',
  'user_cancelled_authorize',
  'user_cancelled_login',
  'user_denied',
])
const OUTAGES: ReadonlySet<string> = new Set(['server_error', 'temporarily_unavailable'])
const GRANT_ERRORS: ReadonlySet<string> = new Set([
  'invalid_client',
  'invalid_grant',
  'invalid_request',
  'invalid_scope',
  'unauthorized_client',
  'unsupported_grant_type',
])

/**
 * The fault of an `error=` callback.
 *
 * @param error - raw value of the parameter
 * @see RFC 6749 section 4.1.2.1; OpenID Connect Core section 3.1.2.6
 */
export function refusal(error: string): ProviderFault {
  if (OUTAGES.has(error)) return { kind: 'unavailable', reason: error, retryAfter: null }
  return { kind: 'refused', error: REGISTERED.has(error) ? error : 'other' }
}

function grantRefusal(error: string): ProviderFault {
  if (OUTAGES.has(error)) return { kind: 'unavailable', reason: error, retryAfter: null }
  return { kind: 'invalid', check: GRANT_ERRORS.has(error) ? error : 'token-error' }
}

function checkOf(error: OperationProcessingError): string {
  const cause: unknown = error.cause
  if (typeof cause === 'object' && cause !== null) {
    const named = cause as { readonly claim?: unknown; readonly attribute?: unknown }
    if (typeof named.claim === 'string') return named.claim
    if (typeof named.attribute === 'string') return named.attribute
  }
  if (/"iss"|"state"/.test(error.message)) return error.message.includes('"iss"') ? 'iss' : 'state'
  return (error.code ?? 'protocol')
    .toLowerCase()
    .replace(/^oauth_/, '')
    .replaceAll('_', '-')
}

/**
 * The fault an exception of this room stands for; anything that is not a refusal of ours, of oauth4webapi or of jose is
 * a bug and is thrown again.
 */
export function toFault(error: unknown): ProviderFault {
  if (error instanceof ProviderTrouble) return error.fault
  if (error instanceof AuthorizationResponseError) return refusal(error.error ?? '')
  if (error instanceof ResponseBodyError) return grantRefusal(error.error)
  if (error instanceof WWWAuthenticateChallengeError) {
    // WHY: Bearer challenges come from the API that refuses the access token, all others from the token endpoint.
    return {
      kind: 'invalid',
      check: error.cause.some(({ scheme }) => scheme === 'bearer') ? 'access_token' : 'invalid_client',
    }
  }
  if (error instanceof OperationProcessingError) return { kind: 'invalid', check: checkOf(error) }
  if (error instanceof UnsupportedOperationError) return { kind: 'invalid', check: 'unsupported' }
  if (error instanceof errors.JWTClaimValidationFailed) return { kind: 'invalid', check: error.claim }
  if (error instanceof errors.JWTExpired) return { kind: 'invalid', check: 'exp' }
  if (error instanceof errors.JOSEError)
    return { kind: 'invalid', check: error.code.toLowerCase().replaceAll('_', '-') }
  throw error
}
