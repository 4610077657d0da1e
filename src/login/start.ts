import { type Answer, json, redirect } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { clientKind } from '../core/client-kind.ts'
import { show } from '../pages/frame.ts'
import { handOver, openInBrowser } from '../pages/obstacles.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { Provider } from '../ports/provider.ts'
import { identifierOf } from '../session/identifier.ts'
import { identify } from '../session/identify.ts'
import { loopBreak } from './arrived.ts'
import { fullHouse, overBudget } from './budget.ts'
import { isForeign } from './caller.ts'
import { destinationOf, loginHintOf } from './destination.ts'
import { providerFailed } from './provider-fault.ts'
import { beginTransaction, type Wish } from './transaction.ts'
import { isWebview } from './webview.ts'

/** The address a provider sends the browser back to: exactly what its console must hold. */
export function redirectUri(gateway: Gateway, provider: string): string {
  return `${gateway.config.origin}${gateway.config.prefix}/callback/${provider}`
}

/**
 * Begins one sign-in attempt and sends the browser to the provider. Only navigations and own forms start one.
 *
 * @param wish - `return_to` or `to`, `remember`, `login_hint`, `fresh`, `anyway`: all of it unchecked
 * @see RFC 6749 section 4.1.1, RFC 7636 (PKCE), RFC 9700 section 4.7 (CSRF)
 */
export async function startSignIn(
  ask: Ask,
  gateway: Gateway,
  providerId: string,
  wish: URLSearchParams,
): Promise<Answer> {
  if (clientKind(ask) === 'program') return refuse(ask, gateway, 'not-navigation')
  if (isForeign(ask, gateway)) return refuse(ask, gateway, 'cross-site')
  const provider = gateway.providers.get(providerId)
  if (provider === undefined) return refuse(ask, gateway, 'unknown-provider')
  const returnTo = destinationOf(wish, gateway)
  if (returnTo === null) return refuse(ask, gateway, 'bad-return')
  const elsewhere = atMainHost(ask, gateway) ?? (await overBudget(ask, gateway, 'start'))
  if (elsewhere !== null) return elsewhere
  const identified = await identify(ask.credentials, identifierOf(gateway))
  const here = `${ask.target.path}${ask.target.query}`
  const broken = loopBreak(ask, gateway, identified, here)
  if (broken !== null) return broken
  const sid = identified.kind === 'somebody' ? identified.subject.session.sid : null
  // WHY: a guest has nothing to prove again, nor has whoever's session ended since the link was shown: they sign in.
  const isGuest = identified.kind === 'somebody' && identified.subject.user.guest
  const fresh = wish.get('fresh') === '1' && sid !== null && !isGuest
  // WHY: where some are let in all the same, only the provider knows who comes; the callback decides then.
  const isJudgedLater = (gateway.config.load.exempt ?? []).length > 0
  const full = sid === null && !isJudgedLater ? await fullHouse(ask, gateway, 'signIns') : null
  if (full !== null) return full
  if (isWebview(ask.userAgent) && wish.get('anyway') !== '1') return elsewherePage(ask, gateway)
  return leaveFor(ask, gateway, provider, {
    purpose: fresh ? 'reauthenticate' : isGuest ? 'promote' : 'sign-in',
    returnTo,
    remember: wish.get('remember') === '1',
    sid,
    loginHint: loginHintOf(wish),
  })
}

/** WHY: providers come back to the external origin alone, and cookies of another host would not be there. */
function atMainHost(ask: Ask, gateway: Gateway): Answer | null {
  const { host, origin } = gateway.config
  if (ask.host === host || ask.method !== 'GET') return null
  return redirect(302, `${origin}${ask.target.path}${ask.target.query}`)
}

function elsewherePage(ask: Ask, gateway: Gateway): Answer {
  const here = `${ask.target.path}${ask.target.query}`
  const anywayUrl = `${here}${ask.target.query === '' ? '?' : '&'}anyway=1`
  return show(ask, gateway, undefined, (frame) =>
    openInBrowser(frame, { address: `${gateway.config.origin}${here}`, deviceUrl: null, anywayUrl }),
  )
}

/** What an attempt is for, and what the provider is told of it. */
export interface Departure extends Wish {
  readonly loginHint?: string | null
  /** Cookies of what was done before. */
  readonly cookies?: readonly (readonly [string, string])[]
}

/**
 * Begins an attempt and answers with the way to the provider: a redirect for a navigation, a page that moves on for a
 * form, whose redirect to another origin `form-action` would stop, and an address for a program.
 */
export async function leaveFor(
  ask: Ask,
  gateway: Gateway,
  provider: Provider,
  departure: Departure,
  how: 'as-asked' | 'redirect' = 'as-asked',
): Promise<Answer> {
  const begun = await beginTransaction(ask, gateway, provider, departure)
  const started = await provider.start({
    state: begun.state,
    nonce: begun.transaction.nonce,
    codeVerifier: begun.transaction.codeVerifier,
    redirectUri: redirectUri(gateway, provider.id),
    loginHint: departure.loginHint ?? null,
    prompt: departure.purpose === 'reauthenticate' ? 'login' : null,
  })
  const before = departure.cookies ?? []
  if (!started.ok) return providerFailed(ask, gateway, begun.transaction, started.fault, before)
  const cookies = [...before, ...begun.setCookies.map((cookie) => ['set-cookie', cookie] as const)]
  if (how === 'redirect' || clientKind(ask) === 'navigation') return redirect(302, started.value, cookies)
  if (clientKind(ask) === 'program') return json(200, { location: started.value }, cookies)
  const props = { provider: provider.name, url: started.value }
  return show(ask, gateway, undefined, (frame) => handOver(frame, props), cookies)
}
