import { type Answer, json, problem } from '../../core/answer.ts'
import type { Ask } from '../../core/ask.ts'
import { refuse } from '../../pages/refuse.ts'
import type { NativeClient, NativeFlow } from '../../ports/config.ts'
import type { Gateway } from '../../ports/gateway.ts'

/** Why a program is refused: RFC 6749 sections 4.1.2.1 and 5.2, RFC 8628 section 3.5. */
export type OAuthFault =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'access_denied'
  | 'temporarily_unavailable'
  | 'authorization_pending'
  | 'slow_down'
  | 'expired_token'

/**
 * A refusal as OAuth clients read it, never cached.
 *
 * @param description - for whoever writes the program; says nothing of a secret
 */
export function oauthError(
  error: OAuthFault,
  description: string,
  headers: readonly (readonly [string, string])[] = [],
): Answer {
  const status = error === 'invalid_client' ? 401 : error === 'temporarily_unavailable' ? 429 : 400
  return json(status, { error, error_description: description }, headers)
}

/**
 * The 503 of a silent store, as both read it who may: the members of RFC 6749 section 5.2 for a client of OAuth, under its
 * type, and those of RFC 9457 that every other outage of ours has.
 */
export function outage(ask: Pick<Ask, 'requestId'>): Answer {
  const error: OAuthFault = 'temporarily_unavailable'
  const members = { error, error_description: 'try again later: the store does not answer' }
  return problem('store-unavailable', ask.requestId, members, [['retry-after', '2']], 'application/json')
}

/** The refusal of what is no POST to an endpoint for programs, or of everything where there are no native clients. */
export function notOurCall(ask: Ask, gateway: Gateway): Answer | null {
  if (gateway.config.nativeClients.length === 0) return refuse(ask, gateway, 'not-found', { as: 'program' })
  if (ask.method === 'POST') return null
  return refuse(ask, gateway, 'method-not-allowed', { headers: [['allow', 'POST']], as: 'program' })
}

/** The first name that stands there more than once (RFC 6749 section 3.1); null when none does. */
export function twice(given: URLSearchParams): string | null {
  return [...given.keys()].find((name, index, all) => all.indexOf(name) !== index) ?? null
}

/** The client that calls, or why it may not. Public clients only: there is nothing to prove (RFC 8252 section 8.5). */
export function clientOf(
  ask: Ask,
  { config }: Gateway,
  given: URLSearchParams,
): { readonly client: NativeClient } | { readonly answer: Answer } {
  const { authorization } = ask.credentials
  const no = (...said: Parameters<typeof oauthError>) => ({ answer: oauthError(...said) })
  if (authorization !== null) {
    const scheme = /^bearer /i.test(authorization) ? 'Bearer' : 'Basic'
    const headers = [['www-authenticate', `${scheme} realm="native clients"`] as const]
    return no('invalid_client', 'send client_id in the form, and no Authorization: clients have no secret', headers)
  }
  const repeated = twice(given)
  if (repeated !== null) return no('invalid_request', `${repeated.slice(0, 40)} was sent twice`)
  const id = given.get('client_id') ?? ''
  if (id === '') return no('invalid_request', 'client_id is missing')
  if ((given.get('client_secret') ?? '') !== '') return no('invalid_client', 'clients have no secret: leave it out')
  const client = config.nativeClients.find((one) => one.id === id)
  return client === undefined ? no('invalid_client', 'this client_id is not known here') : { client }
}

/** The refusal of a flow that is not the client's; null when it is. */
export function notItsFlow(client: NativeClient, flow: NativeFlow): Answer | null {
  if (client.flows.includes(flow)) return null
  return oauthError('unauthorized_client', `the flow "${flow}" is not allowed to this client`)
}
