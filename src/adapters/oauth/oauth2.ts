import {
  type AuthorizationServer,
  authorizationCodeGrantRequest,
  nopkce,
  processGenericTokenEndpointResponse,
  validateAuthResponse,
} from 'oauth4webapi'
import type { ProviderFinish } from '../../ports/provider.ts'
import { type Adapter, publicClaims } from './adapter.ts'
import { type AuthorizePlan, authorizeUrl, knowsLogin } from './authorize-url.ts'
import type { ClientProof } from './client-auth.ts'
import { type Reading, throughOutbound } from './oidc.ts'
import { type Outbound, readObject } from './outbound.ts'
import { invalid, unavailable } from './trouble.ts'

/** An access token and the whole answer it came in. */
export interface Grant {
  readonly accessToken: string
  readonly answer: Readonly<Record<string, unknown>>
}

/** A person as an API of the provider describes them; `claims` by their wire names. */
export type Person = Reading & { readonly claims: Readonly<Record<string, unknown>> }

/** How to speak plain OAuth 2 with one provider. */
export interface Oauth2Plan {
  /** Issuer part of the identity; with `issuers` the values its `iss` parameter may have. */
  readonly issuer: string
  readonly issuers: readonly string[]
  readonly authorization: string
  readonly token: string
  readonly authorize: AuthorizePlan
  readonly proof: ClientProof
  readonly readGrant: (response: Response, server: AuthorizationServer, clientId: string) => Promise<Grant>
  readonly person: (api: Api, grant: Grant) => Promise<Person>
}

/** The provider's API with the person's access token; never kept, never handed on (seeds P7). */
export interface Api {
  readonly http: 'refuse' | 'allow'
  get(url: string): Promise<Response>
  post(url: string, form: Readonly<Record<string, string>>): Promise<Response>
}

function apiOf(outbound: Outbound, accessToken: string): Api {
  const headers = { authorization: `Bearer ${accessToken}`, accept: 'application/json' }
  return {
    http: outbound.http,
    get: (url) => outbound.fetch(url, { headers }),
    post: (url, form) => outbound.fetch(url, { method: 'POST', headers, body: new URLSearchParams(form) }),
  }
}

/** The token answer of RFC 6749 section 5.1; an `id_token` in it is ignored, for nobody verifies it here. */
export async function standardGrant(response: Response, server: AuthorizationServer, clientId: string): Promise<Grant> {
  const client = { client_id: clientId }
  if (!response.ok) {
    await processGenericTokenEndpointResponse(server, client, response)
    throw invalid(`status-${response.status}`)
  }
  const { id_token: _ignored, ...answer } = await readObject(response)
  const { error } = answer as { readonly error?: unknown }
  if (typeof error === 'string') throw invalid(okErrorCheck(error))
  const tokens = await processGenericTokenEndpointResponse(server, client, Response.json(answer))
  if (tokens.token_type !== 'bearer') throw invalid('token-type')
  return { accessToken: tokens.access_token, answer }
}

/** Our word for an error that GitHub or Slack reports with status 200. */
function okErrorCheck(error: string): string {
  if (/^(incorrect_client_credentials|bad_client_secret|invalid_client(_id)?)$/.test(error)) return 'invalid_client'
  if (/^(redirect_uri_mismatch|bad_redirect_uri)$/.test(error)) return 'redirect_uri'
  if (/^(bad_verification_code|invalid_code|code_already_used|invalid_grant)$/.test(error)) return 'invalid_grant'
  return 'token-error'
}

/** The object of an answer from Slack's Web API, which reports failures with status 200 and `ok: false`. */
export async function slackAnswer(response: Response): Promise<Readonly<Record<string, unknown>>> {
  const answer = await readObject(response)
  if (answer['ok'] === true) return answer
  const { error } = answer as { readonly error?: unknown }
  if (error === 'ratelimited') throw unavailable('rate-limited', 60)
  throw invalid(typeof error === 'string' ? okErrorCheck(error) : 'slack-answer')
}

function serverFor(plan: Oauth2Plan, parameters: URLSearchParams): AuthorizationServer {
  const named = parameters.get('iss')
  const issuer = named !== null && plan.issuers.includes(named) ? named : plan.issuer
  return { issuer, authorization_endpoint: plan.authorization, token_endpoint: plan.token }
}

async function exchange(outbound: Outbound, plan: Oauth2Plan, finish: ProviderFinish): Promise<Grant> {
  const server = serverFor(plan, finish.parameters)
  const client = { client_id: plan.authorize.clientId }
  // ATTACK: mix-up. A provider without metadata may still send `iss`; a foreign one is refused (RFC 9207 section 2.4).
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
  return plan.readGrant(response, server, client.client_id)
}

/**
 * Any OAuth 2 provider whose API says who the person is.
 *
 * @see RFC 6749 section 4.1; RFC 9700
 */
export function oauth2Adapter(plan: Oauth2Plan): Adapter {
  return {
    issuer: plan.issuer,
    formPost: false,
    statesAuthTime: 'never',
    asksAgain: knowsLogin(plan.authorize) ? 'can' : 'cannot',
    logoutRules: null,
    start: (outbound, start) =>
      authorizeUrl(
        { issuer: plan.issuer, authorization_endpoint: plan.authorization },
        plan.authorize,
        start,
        outbound.http,
      ),
    async finish(outbound, finish) {
      const grant = await exchange(outbound, plan, finish)
      const person = await plan.person(apiOf(outbound, grant.accessToken), grant)
      const { subject, profile, groups, claims } = person
      if (subject === '' || subject.length > 255) throw invalid('subject')
      return {
        issuer: plan.issuer,
        subject,
        profile,
        groups,
        claims: publicClaims(claims),
        idToken: null,
        providerSid: null,
        issuedAt: null,
        authTime: null,
      }
    },
    endSession: async () => null,
  }
}
