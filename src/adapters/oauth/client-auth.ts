import { importPKCS8, SignJWT } from 'jose'
import { type AuthorizationServer, type ClientAuth, ClientSecretBasic, ClientSecretPost, None } from 'oauth4webapi'
import type { Outbound } from './outbound.ts'
import { invalid } from './trouble.ts'

/** How the client proves itself at the token endpoint. */
export type ClientProof = (outbound: Outbound, server: AuthorizationServer) => Promise<ClientAuth>

/** Answers the client secret; null for a public client. */
export type SecretReader = () => Promise<string>

/**
 * Client secret in the body or the header, or none for a public client.
 *
 * @param method - `basic`, `post`, or null: what the metadata states, the body first; without metadata the header
 * @see RFC 6749 section 2.3.1; OpenID Connect Core section 9
 */
export function secretProof(secret: SecretReader | null, method: 'basic' | 'post' | null): ClientProof {
  return async (_outbound, server) => {
    if (secret === null) return None()
    const value = await secret()
    const stated = server.token_endpoint_auth_methods_supported
    const inBody = method === 'post' || (method === null && (stated?.includes('client_secret_post') ?? false))
    return inBody ? ClientSecretPost(value) : ClientSecretBasic(value)
  }
}

const APPLE_SECRET_SECONDS = 300

/**
 * Apple's client secret: a JWT signed with the key of the developer account, made for each exchange.
 *
 * @param privateKey - the `.p8` file; line ends may be written as `\n`, as environment files do
 * @see developer.apple.com, "Creating a client secret": ES256, `aud` is Apple's issuer, at most six months
 */
export function appleProof(
  privateKey: SecretReader,
  account: { readonly teamId: string; readonly keyId: string; readonly clientId: string },
): ClientProof {
  return async (outbound, server) => {
    const pem = (await privateKey()).replaceAll('\\n', '\n').trim()
    const key = await importPKCS8(pem, 'ES256').catch(() => {
      // WHY: the library's message may quote the key.
      throw invalid('apple-private-key')
    })
    const secret = await new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', kid: account.keyId })
      .setIssuer(account.teamId)
      .setSubject(account.clientId)
      .setAudience(server.issuer)
      .setIssuedAt(outbound.now)
      .setExpirationTime(outbound.now + APPLE_SECRET_SECONDS)
      .sign(key)
    return ClientSecretPost(secret)
  }
}
