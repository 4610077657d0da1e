/** Why a request is not believed. Codes are stable; messages are not. */
export type RefusalCode =
  | 'assertion_missing'
  | 'assertion_malformed'
  | 'assertion_algorithm'
  | 'assertion_unknown_key'
  | 'assertion_signature'
  | 'assertion_issuer'
  | 'assertion_audience'
  | 'assertion_expired'
  | 'assertion_from_future'
  | 'assertion_claims'
  | 'anonymous_refused'
  | 'signature_missing'
  | 'signature_malformed'
  | 'signature_coverage'
  | 'signature_unknown_key'
  | 'signature_expired'
  | 'signature_from_future'
  | 'signature_replayed'
  | 'signature_mismatch'

/** The request is not believed: answer 401. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly code: RefusalCode
  constructor(code: RefusalCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The published keys could not be fetched, so nothing can be said about the request: answer 503. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable'
  readonly code = 'keys_unavailable'
  constructor(cause: unknown) {
    super('the keys of the gateway could not be fetched', { cause })
  }
}
