import { decodeJwt } from 'jose'
import {
  type AuthorizationServer,
  allowInsecureRequests,
  authorizationCodeGrantRequest,
  type Client,
  type CustomFetchOptions,
  customFetch,
  nopkce,
  processAuthorizationCodeResponse,
  processUserInfoResponse,
  userInfoRequest,
  validateAuthResponse,
} from 'oauth4webapi'
import type { Profile } from '../../core/person.ts'
import type { ProviderFinish } from '../../ports/provider.ts'
import { type Adapter, type Proof, publicClaims } from './adapter.ts'
import { type AuthorizePlan, authorizeUrl } from './authorize-url.ts'
import type { ClientProof } from './client-auth.ts'
import { type IdTokenClaims, NOT_ID_TOKENS, verifyIdToken } from './id-token.ts'
import { keySource, SIGNATURE_ALGORITHMS } from './key-source.ts'
import { type MetadataPlan, metadataSource } from './metadata.ts'
import { type Outbound, readJson } from './outbound.ts'
import type { SignedRules } from './signed-claims.ts'
import { invalid } from './trouble.ts'

/** What a provider's claims say about a person, by the provider's own rules. */
export interface Reading {
  readonly subject: string
  readonly profile: Profile
  readonly groups: Readonly<Record<string, readonly string[]>>
}

/** How to speak OpenID Connect with one provider. */
export interface OidcPlan {
  readonly metadata: MetadataPlan
  readonly authorize: AuthorizePlan
  readonly proof: ClientProof
  readonly formPost: boolean
  /** `missing`: ask the userinfo endpoint when the ID token holds neither name nor e-mail address. */
  readonly userinfo: 'missing' | 'never'
  readonly backChannel: 'accepted' | 'none'
  /** Seconds since the last proof of presence, sent as `max_age` and checked; null: not asked for. */
  readonly maxAge: number | null
  readonly read: (
    claims: Readonly<Record<string, unknown>>,
    finish: ProviderFinish,
    http: 'refuse' | 'allow',
  ) => Reading
}

/** Request options of oauth4webapi that send everything through `outbound`. */
export function throughOutbound(outbound: Outbound): {
  [customFetch]: (url: string, options: CustomFetchOptions<string, unknown>) => Promise<Response>
  [allowInsecureRequests]: boolean
} {
  return {
    [customFetch]: (url, { method, headers, body }) =>
      outbound.fetch(url, { method, headers, body: body instanceof URLSearchParams ? body : null }),
    [allowInsecureRequests]: outbound.http === 'allow',
  }
}

/** Microsoft's shared endpoints state `{tenantid}`; the token's own `tid` fills it, and then everything must agree. */
function concreteIssuer(issuer: string, idToken: string): string {
  if (!issuer.includes('{tenantid}')) return issuer
  const tid = tenantOf(idToken)
  // ATTACK: `tid` is still unverified here; anything but a GUID could reshape the issuer.
  if (tid === null || !/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(tid)) throw invalid('tid')
  return issuer.replace('{tenantid}', tid)
}

function tenantOf(idToken: string): string | null {
  try {
    const { tid } = decodeJwt<{ tid?: unknown }>(idToken)
    return typeof tid === 'string' ? tid : null
  } catch {
    return null
  }
}

function idTokenOf(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || !('id_token' in body)) return null
  return typeof body.id_token === 'string' ? body.id_token : null
}

/**
 * Any OpenID Connect provider: code flow with PKCE, state, nonce, `iss`, verified ID token.
 *
 * @see OpenID Connect Core section 3.1; RFC 9700; RFC 9207
 */
export function oidcAdapter(plan: OidcPlan): Adapter {
  const metadata = metadataSource(plan.metadata)
  const keys = keySource(async (outbound) => {
    const { jwks_uri } = await metadata.current(outbound)
    if (jwks_uri === undefined) throw invalid('jwks-uri')
    return jwks_uri
  })
  const client: Client = { client_id: plan.authorize.clientId }

  const rulesOf = (server: AuthorizationServer, issuer: string, refusedTypes: readonly string[]): SignedRules => ({
    issuer,
    clientId: client.client_id,
    keys,
    algorithms: server.id_token_signing_alg_values_supported ?? null,
    refusedTypes,
  })

  async function exchange(
    outbound: Outbound,
    server: AuthorizationServer,
    finish: ProviderFinish,
  ): Promise<{ claims: IdTokenClaims; idToken: string; accessToken: string }> {
    const parameters = validateAuthResponse(server, client, finish.parameters, finish.state)
    const response = await authorizationCodeGrantRequest(
      server,
      client,
      await plan.proof(outbound, server),
      parameters,
      finish.redirectUri,
      plan.authorize.pkce === 'off' ? nopkce : finish.codeVerifier,
      throughOutbound(outbound),
    )
    // WHY: our own verification comes first, because its checks have names an operator understands.
    const idToken = response.ok ? idTokenOf(await readJson(response.clone())) : null
    const issuer = idToken === null ? server.issuer : concreteIssuer(server.issuer, idToken)
    const expected = { nonce: finish.nonce, maxAge: plan.maxAge }
    const claims =
      idToken === null ? null : await verifyIdToken(outbound, idToken, rulesOf(server, issuer, NOT_ID_TOKENS), expected)
    const exact = { ...server, issuer, id_token_signing_alg_values_supported: [...SIGNATURE_ALGORITHMS] }
    const tokens = await processAuthorizationCodeResponse(exact, client, response, {
      expectedNonce: finish.nonce,
      requireIdToken: true,
    })
    if (idToken === null || claims === null) throw invalid('id_token')
    return { claims, idToken, accessToken: tokens.access_token }
  }

  async function enriched(
    outbound: Outbound,
    server: AuthorizationServer,
    claims: IdTokenClaims,
    accessToken: string,
  ): Promise<Readonly<Record<string, unknown>>> {
    const complete = claims['email'] !== undefined || claims['name'] !== undefined
    if (plan.userinfo === 'never' || complete || server.userinfo_endpoint === undefined) return claims
    const response = await userInfoRequest(server, client, accessToken, throughOutbound(outbound))
    if (response.headers.get('content-type')?.startsWith('application/jwt')) throw invalid('userinfo-jwt')
    const info = await processUserInfoResponse(server, client, claims.sub, response)
    return { ...info, ...claims }
  }

  async function logoutRules(outbound: Outbound): Promise<SignedRules> {
    const server = await metadata.current(outbound)
    return rulesOf(server, server.issuer, ['at+jwt', 'dpop+jwt', 'id_token+jwt'])
  }

  return {
    formPost: plan.formPost,
    async start(outbound, start) {
      const extras: Record<string, string> = { ...plan.authorize.extras }
      if (plan.formPost) extras['response_mode'] = 'form_post'
      if (plan.maxAge !== null) extras['max_age'] = String(plan.maxAge)
      return authorizeUrl(await metadata.current(outbound), { ...plan.authorize, extras }, start, outbound.http)
    },
    async finish(outbound, finish): Promise<Proof> {
      const server = await metadata.current(outbound)
      const { claims, idToken, accessToken } = await exchange(outbound, server, finish)
      const all = await enriched(outbound, server, claims, accessToken)
      const { subject, profile, groups } = plan.read(all, finish, outbound.http)
      const { iss: issuer, auth_time: authTime, sid } = claims
      return {
        issuer,
        subject,
        profile,
        groups,
        idToken,
        claims: publicClaims(all),
        providerSid: typeof sid === 'string' ? sid : null,
        authTime: typeof authTime === 'number' ? authTime : null,
      }
    },
    async endSession(outbound, idToken, returnTo) {
      const url = URL.parse((await metadata.current(outbound)).end_session_endpoint ?? '')
      if (url === null || (url.protocol !== 'https:' && outbound.http === 'refuse')) return null
      if (idToken !== null) url.searchParams.set('id_token_hint', idToken)
      url.searchParams.set('client_id', client.client_id)
      url.searchParams.set('post_logout_redirect_uri', returnTo)
      return url.href
    },
    logoutRules: plan.backChannel === 'none' ? null : logoutRules,
  }
}
