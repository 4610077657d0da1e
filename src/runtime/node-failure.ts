import { errors } from 'undici'
import { type ProxyError, UpstreamFailed } from '../ports/upstream.ts'

const BY_CODE: Readonly<Record<string, ProxyError>> = {
  ECONNREFUSED: 'connection_refused',
  ENOTFOUND: 'dns_error',
  EAI_AGAIN: 'dns_error',
  EHOSTUNREACH: 'destination_ip_unroutable',
  ENETUNREACH: 'destination_ip_unroutable',
  EADDRNOTAVAIL: 'destination_ip_unroutable',
  ETIMEDOUT: 'connection_timeout',
  UND_ERR_CONNECT_TIMEOUT: 'connection_timeout',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls_certificate_error',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls_certificate_error',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls_certificate_error',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls_certificate_error',
  CERT_HAS_EXPIRED: 'tls_certificate_error',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls_certificate_error',
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
}

/** What a hop by undici came to, in the words of the product; the upstream's address is not in it. */
export function nodeFailure(error: unknown, upstream: string): UpstreamFailed {
  if (error instanceof UpstreamFailed) return error
  const code = codeOf(error)
  const reason = code === '' && error instanceof Error ? error.name : code
  const known = BY_CODE[code]
  if (known === 'connection_timeout') return new UpstreamFailed('timeout', reason, { error: known, upstream })
  if (known !== undefined) return new UpstreamFailed('unreachable', reason, { error: known, upstream })
  if (error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError)
    return new UpstreamFailed('timeout', reason, { upstream })
  const isOdd = error instanceof errors.HTTPParserError || error instanceof errors.HeadersOverflowError
  return new UpstreamFailed('unreachable', reason, { ...(isOdd ? { error: 'http_protocol_error' } : {}), upstream })
}
