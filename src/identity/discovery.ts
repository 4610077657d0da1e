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
