import { type AuthorizationServer, calculatePKCECodeChallenge } from 'oauth4webapi'
import type { ProviderStart } from '../../ports/provider.ts'
import { invalid } from './trouble.ts'

/**
 * PKCE towards a provider: `required` refuses one whose metadata does not state S256, `sent` sends it unasked (providers
 * that support it and do not say so), `off` is for those that refuse unknown parameters.
 */
export type Pkce = 'required' | 'sent' | 'off'

/** The parts of an authorization request that do not come from the transaction. */
export interface AuthorizePlan {
  readonly clientId: string
  readonly scopes: readonly string[]
  /** Slack's older flow names user scopes `user_scope`. */
  readonly scopeParameter: string
  readonly pkce: Pkce
  readonly nonce: 'sent' | 'off'
  readonly prompt: string | null
  /** What the provider understands of `prompt`; anything else is left out. */
  readonly prompts: readonly string[]
  readonly extras: Readonly<Record<string, string>>
  /** The parameter that names the account one wants to use; null: the provider documents none, and none is sent. */
  readonly hint: string | null
}

/** Whether the provider understands `prompt=login`. */
export function knowsLogin({ prompts }: Pick<AuthorizePlan, 'prompts'>): boolean {
  return prompts.includes('login')
}

/**
 * The address that starts a sign-in.
 *
 * @see RFC 6749 section 4.1.1, RFC 7636 section 4.3, OpenID Connect Core section 3.1.2.1
 */
export async function authorizeUrl(
  server: AuthorizationServer,
  plan: AuthorizePlan,
  start: ProviderStart,
  http: 'refuse' | 'allow',
): Promise<string> {
  const url = URL.parse(server.authorization_endpoint ?? '')
  if (url === null) throw invalid('authorization-endpoint')
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && http === 'allow')) throw invalid('endpoint-http')
  checkDowngrade(server, plan.pkce)
  const set = (name: string, value: string | null): void => {
    if (value !== null && value !== '') url.searchParams.set(name, value)
  }
  for (const [name, value] of Object.entries(plan.extras)) set(name, value)
  set('response_type', 'code')
  set('client_id', plan.clientId)
  set('redirect_uri', start.redirectUri)
  set(plan.scopeParameter, plan.scopes.join(' '))
  set('state', start.state)
  if (plan.nonce === 'sent') set('nonce', start.nonce)
  if (plan.pkce !== 'off') {
    set('code_challenge', await calculatePKCECodeChallenge(start.codeVerifier))
    set('code_challenge_method', 'S256')
  }
  if (plan.hint !== null) set(plan.hint, start.loginHint)
  const prompt = start.prompt ?? plan.prompt
  // WHY: a sign-in may wish for a word this provider lacks; a configured one was refused at start.
  if (prompt?.split(' ').every((word) => plan.prompts.includes(word))) set('prompt', prompt)
  return url.href
}

// ATTACK: whoever can change the metadata in transit or at the provider turns PKCE off by no longer stating S256
// (CVE-2024-23647, CVE-2025-4144, RFC 9700 section 4.8).
function checkDowngrade(server: AuthorizationServer, pkce: Pkce): void {
  if (pkce === 'off') return
  const stated = server.code_challenge_methods_supported
  if (stated === undefined ? pkce === 'required' : !stated.includes('S256')) throw invalid('pkce')
}
