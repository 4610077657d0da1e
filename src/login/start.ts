import type { Answer } from '../core/answer.ts'
import { redirect } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { clientKind, isCrossSite } from '../core/client-kind.ts'
import { type ReturnTo, safeReturnTo } from '../core/redirect.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import { identifierOf } from '../session/identifier.ts'
import { identify } from '../session/identify.ts'
import { beginTransaction } from './transaction.ts'

/** What a client asks of a start: all of it unchecked. */
export interface StartWish {
  readonly provider: string
  /** Raw `return_to`; null when none was sent. */
  readonly returnTo: string | null
  readonly remember: boolean
  readonly loginHint: string | null
  /** Link another identity to the signed-in account instead of signing in. */
  readonly purpose: 'sign-in' | 'link' | 'reauthenticate'
}

/** Where to return to; null when the wish is not safe. No wish: the front page. */
export function returnToOf(wish: string | null, gateway: Gateway): ReturnTo | null {
  const { origin, prefix, returnOrigins } = gateway.config
  return wish === null ? ('/' as ReturnTo) : safeReturnTo(wish, { origin, prefix, origins: returnOrigins })
}

/** The address a provider sends the browser back to: exactly what its console must hold. */
export function redirectUri(gateway: Gateway, provider: string): string {
  return `${gateway.config.origin}${gateway.config.prefix}/callback/${provider}`
}

/**
 * Begins one sign-in attempt and sends the browser to the provider. Only navigations and own forms start one.
 *
 * @see RFC 6749 section 4.1.1, RFC 7636 (PKCE), RFC 9700 section 4.7 (CSRF)
 */
export async function startSignIn(ask: Ask, gateway: Gateway, wish: StartWish): Promise<Answer> {
  if (clientKind(ask) === 'program') return refuse(ask, gateway, 'not-navigation')
  if (isCrossSite(ask, [gateway.config.origin])) return refuse(ask, gateway, 'cross-site')
  const provider = gateway.providers.get(wish.provider)
  if (provider === undefined) return refuse(ask, gateway, 'unknown-provider')
  const returnTo = returnToOf(wish.returnTo, gateway)
  if (returnTo === null) return refuse(ask, gateway, 'bad-return')
  const identified = await identify(ask.credentials, identifierOf(gateway))
  const sid = identified.kind === 'somebody' ? identified.subject.session.sid : null
  if (wish.purpose !== 'sign-in' && sid === null) return refuse(ask, gateway, 'session-required')
  const begun = await beginTransaction(ask, gateway, provider, {
    purpose: wish.purpose,
    returnTo,
    remember: wish.remember,
    sid,
  })
  const started = await provider.start({
    state: begun.state,
    nonce: begun.transaction.nonce,
    codeVerifier: begun.transaction.codeVerifier,
    redirectUri: redirectUri(gateway, provider.id),
    loginHint: wish.loginHint,
    prompt: wish.purpose === 'reauthenticate' ? 'login' : null,
  })
  if (!started.ok) {
    gateway.runtime.observe({
      kind: 'provider-failed',
      provider: provider.id,
      step: 'start',
      reason: started.fault.kind,
    })
    return refuse(ask, gateway, 'provider-unavailable', { restart: { provider: provider.id, returnTo } })
  }
  const cookies = begun.setCookies.map((cookie) => ['set-cookie', cookie] as const)
  return redirect(302, started.value, cookies)
}
