/**
 * Life of the JWKS and of the discovery document in caches: far below the 24 h for which a key is published before use,
 * and short, because a revoked key is believed for as long.
 */
export const KEYS_CACHE_CONTROL = 'public, max-age=300'

/** Path of the JWKS below the issuer. */
export const JWKS_PATH = '/.well-known/jwks.json'

/**
 * The smallest OpenID discovery document from which resource-server libraries (Spring, ASP.NET and the like) configure
 * themselves: issuer, keys and algorithms. Postern is no OpenID provider, so no endpoint is named that does not exist.
 *
 * @param issuer - origin + prefix, without a trailing slash; the document stands at `<issuer>/.well-known/openid-configuration`
 * @param algorithms - of the keys in the JWKS
 * @see OpenID Connect Discovery 1.0 section 3; RFC 8414 section 2
 */
export function discoveryDocument(
  issuer: string,
  algorithms: readonly string[],
): Readonly<Record<string, string | readonly string[]>> {
  return {
    issuer,
    jwks_uri: `${issuer}${JWKS_PATH}`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: algorithms,
  }
}

/** Grant type of a program that its player lets in on another device (RFC 8628 section 3.4). */
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

/** Below the issuer; at the root the path of the issuer follows it (RFC 8414 section 3.1). */
export const SERVER_METADATA_PATH = '/.well-known/oauth-authorization-server'

/**
 * What a client library must know to get a session for a program.
 *
 * @param issuer - origin + prefix, without a trailing slash
 * @param flows - those that some client may use
 * @see RFC 8414 section 2
 */
export function serverMetadata(
  issuer: string,
  flows: readonly ('device' | 'loopback')[],
): Readonly<Record<string, string | boolean | readonly string[]>> {
  const device = flows.includes('device')
  const loopback = flows.includes('loopback')
  return {
    issuer,
    ...(loopback
      ? {
          authorization_endpoint: `${issuer}/authorize`,
          code_challenge_methods_supported: ['S256'],
          authorization_response_iss_parameter_supported: true,
        }
      : {}),
    token_endpoint: `${issuer}/token`,
    revocation_endpoint: `${issuer}/revoke`,
    ...(device ? { device_authorization_endpoint: `${issuer}/device/code` } : {}),
    response_types_supported: loopback ? ['code'] : [],
    grant_types_supported: [...(loopback ? ['authorization_code'] : []), ...(device ? [DEVICE_GRANT] : [])],
    token_endpoint_auth_methods_supported: ['none'],
    revocation_endpoint_auth_methods_supported: ['none'],
  }
}
