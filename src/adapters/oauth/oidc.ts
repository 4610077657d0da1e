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
import type { ProviderFinish, ProviderStart } from '../../ports/provider.ts'
import { type Adapter, type Proof, publicClaims } from './adapter.ts'
import { type AuthorizePlan, authorizeUrl, knowsLogin } from './authorize-url.ts'
import type { ClientProof } from './client-auth.ts'
import { type IdTokenClaims, NOT_ID_TOKENS, verifyIdToken } from './id-token.ts'
import { type KeySource, keySource, SIGNATURE_ALGORITHMS } from './key-source.ts'
import type { LastGood } from './last-good.ts'
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

/** A token in the answer to an exchange; null when there is none that is text. */
function tokenIn(body: unknown, name: 'id_token' | 'access_token'): string | null {
  if (typeof body !== 'object' || body === null) return null
  const token: unknown = Reflect.get(body, name)
  return typeof token === 'string' ? token : null
}

/** One provider as it is spoken to: the plan, and what is remembered of its documents. */
interface Peer {
  readonly plan: OidcPlan
  readonly client: Client
  readonly metadata: LastGood<AuthorizationServer>
  readonly keys: KeySource
}

interface Exchanged {
  readonly claims: IdTokenClaims
  readonly idToken: string
  readonly accessToken: string
}

function rulesOf(
  peer: Peer,
  server: AuthorizationServer,
  issuer: string,
  refusedTypes: readonly string[],
): SignedRules {
  const algorithms = server.id_token_signing_alg_values_supported ?? null
  return { issuer, clientId: peer.client.client_id, keys: peer.keys, algorithms, refusedTypes }
}

async function tokenResponse(
  outbound: Outbound,
  peer: Peer,
  server: AuthorizationServer,
  finish: ProviderFinish,
): Promise<Response> {
  const parameters = validateAuthResponse(server, peer.client, finish.parameters, finish.state)
  return authorizationCodeGrantRequest(
    server,
    peer.client,
    await peer.plan.proof(outbound, server),
    parameters,
    finish.redirectUri,
    peer.plan.authorize.pkce === 'off' ? nopkce : finish.codeVerifier,
    throughOutbound(outbound),
  )
}

async function exchange(
  outbound: Outbound,
  peer: Peer,
  server: AuthorizationServer,
  finish: ProviderFinish,
): Promise<Exchanged> {
  const response = await tokenResponse(outbound, peer, server, finish)
  const body = response.ok ? await readJson(response.clone()) : null
  const idToken = tokenIn(body, 'id_token')
  if (idToken === null) {
    await processAuthorizationCodeResponse(server, peer.client, response, { requireIdToken: true })
    throw invalid('id_token')
  }
  const issuer = concreteIssuer(server.issuer, idToken)
  const expected = { nonce: finish.nonce, maxAge: peer.plan.maxAge, accessToken: tokenIn(body, 'access_token') }
  // WHY: our own verification comes first, because its checks have names an operator understands; the library then
  // judges the rest of the answer.
  const claims = await verifyIdToken(outbound, idToken, rulesOf(peer, server, issuer, NOT_ID_TOKENS), expected)
  const exact = { ...server, issuer, id_token_signing_alg_values_supported: [...SIGNATURE_ALGORITHMS] }
  const wanted = { expectedNonce: finish.nonce, requireIdToken: true }
  const { access_token: accessToken } = await processAuthorizationCodeResponse(exact, peer.client, response, wanted)
  return { claims, idToken, accessToken }
}

async function enriched(
  outbound: Outbound,
  peer: Peer,
  server: AuthorizationServer,
  { claims, accessToken }: Exchanged,
): Promise<Readonly<Record<string, unknown>>> {
  const { userinfo, authorize } = peer.plan
  const lacks = (claim: string, scope: string): boolean =>
    claims[claim] === undefined && authorize.scopes.includes(scope)
  const isComplete = !lacks('email', 'email') && !lacks('name', 'profile')
  if (userinfo === 'never' || isComplete || server.userinfo_endpoint === undefined) return claims
  const response = await userInfoRequest(server, peer.client, accessToken, throughOutbound(outbound))
  if (response.headers.get('content-type')?.startsWith('application/jwt')) throw invalid('userinfo-jwt')
  const info = await processUserInfoResponse(server, peer.client, claims.sub, response)
  return together(claims, info)
}

/** Claims that say nothing without the address or number they are about (OpenID Connect Core section 5.1). */
const VERIFIED = { email_verified: 'email', phone_number_verified: 'phone_number' } as const

/**
 * What userinfo and ID token say together; where both tell, userinfo, which was asked last.
 *
 * INVARIANT: an address and the word that it is verified come from the same source, one that tells both if there is one.
 * ATTACK: `email_verified` may be left out, and whoever may write an address into one of the two must not borrow the
 * word from the other.
 */
function together(claims: IdTokenClaims, info: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const sources: readonly Readonly<Record<string, unknown>>[] = [info, claims]
  const all: Record<string, unknown> = { ...claims, ...info, iss: claims.iss, sub: claims.sub }
  for (const [word, about] of Object.entries(VERIFIED)) {
    const telling = sources.filter((source) => isTold(source[about]))
    const source = telling.find((each) => isTold(each[word])) ?? telling[0]
    all[about] = source?.[about]
    all[word] = source?.[word]
  }
  return all
}

function isTold(value: unknown): boolean {
  return value !== undefined && value !== null
}

async function startAddress(outbound: Outbound, { plan, metadata }: Peer, start: ProviderStart): Promise<string> {
  const extras: Record<string, string> = { ...plan.authorize.extras }
  if (plan.formPost) extras['response_mode'] = 'form_post'
  // WHY: a provider states auth_time only when max_age asks for it, and without it nobody can tell whether
  // prompt=login really made the person prove anything (OpenID Connect Core 3.1.2.1).
  const isAgain = start.prompt === 'login' && knowsLogin(plan.authorize)
  if (plan.maxAge !== null || isAgain) extras['max_age'] = String(isAgain ? 0 : plan.maxAge)
  return authorizeUrl(await metadata.current(outbound), { ...plan.authorize, extras }, start, outbound.http)
}

async function prove(outbound: Outbound, peer: Peer, finish: ProviderFinish): Promise<Proof> {
  const server = await peer.metadata.current(outbound)
  const exchanged = await exchange(outbound, peer, server, finish)
  const all = await enriched(outbound, peer, server, exchanged)
  const { subject, profile, groups } = peer.plan.read(all, finish, outbound.http)
  const { iss: issuer, iat, auth_time: authTime, sid } = exchanged.claims
  return {
    issuer,
    subject,
    profile,
    groups,
    idToken: exchanged.idToken,
    claims: publicClaims(all),
    providerSid: typeof sid === 'string' ? sid : null,
    issuedAt: typeof iat === 'number' ? iat : null,
    authTime: typeof authTime === 'number' ? authTime : null,
  }
}

async function endAddress(
  outbound: Outbound,
  peer: Peer,
  idToken: string | null,
  returnTo: string,
): Promise<string | null> {
  const { end_session_endpoint: endpoint } = await peer.metadata.current(outbound)
  const url = URL.parse(endpoint ?? '')
  if (url === null || (url.protocol !== 'https:' && outbound.http === 'refuse')) return null
  if (idToken !== null) url.searchParams.set('id_token_hint', idToken)
  url.searchParams.set('client_id', peer.client.client_id)
  url.searchParams.set('post_logout_redirect_uri', returnTo)
  return url.href
}

async function logoutRules(outbound: Outbound, peer: Peer): Promise<SignedRules> {
  const server = await peer.metadata.current(outbound)
  return rulesOf(peer, server, server.issuer, ['at+jwt', 'dpop+jwt', 'id_token+jwt'])
}

/**
 * Any OpenID Connect provider: code flow with PKCE, state, nonce, `iss`, verified ID token.
 *
 * @see OpenID Connect Core section 3.1; RFC 9700; RFC 9207; OpenID Connect RP-Initiated Logout 1.0
 */
export function oidcAdapter(plan: OidcPlan): Adapter {
  const metadata = metadataSource(plan.metadata)
  const keys = keySource(async (outbound) => {
    const { jwks_uri } = await metadata.current(outbound)
    if (jwks_uri === undefined) throw invalid('jwks-uri')
    return jwks_uri
  })
  const peer: Peer = { plan, metadata, keys, client: { client_id: plan.authorize.clientId } }
  const { issuer } = plan.metadata
  return {
    issuer: issuer.includes('{tenantid}') ? null : issuer,
    formPost: plan.formPost,
    statesAuthTime: 'may',
    asksAgain: knowsLogin(plan.authorize) ? 'can' : 'cannot',
    start: (outbound, start) => startAddress(outbound, peer, start),
    finish: (outbound, finish) => prove(outbound, peer, finish),
    endSession: (outbound, idToken, returnTo) => endAddress(outbound, peer, idToken, returnTo),
    logoutRules: plan.backChannel === 'none' ? null : (outbound) => logoutRules(outbound, peer),
  }
}
