import { type Answer, json } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { clientKind } from '../core/client-kind.ts'
import { frameOf } from '../pages/frame.ts'
import { refuse } from '../pages/refuse.ts'
import { renderPage } from '../pages/render.ts'
import { chooser as chooserPage, signedOut as signedOutPage } from '../pages/sign-in.ts'
import type { Gateway } from '../ports/gateway.ts'
import { providerList } from './session-state.ts'
import { returnToOf } from './start.ts'

/** The page that offers every way to sign in, and keeps where the player wanted to go. */
export async function chooser(ask: Ask, gateway: Gateway): Promise<Answer> {
  const wish = new URLSearchParams(ask.target.query)
  const returnTo = returnToOf(wish.get('return_to'), gateway)
  if (returnTo === null) return refuse(ask, gateway, 'bad-return')
  if (clientKind(ask) === 'program') return providerList(ask, gateway)
  const { prefix, session, guests } = gateway.config
  const fresh = wish.get('fresh') === '1'
  const query = new URLSearchParams({ return_to: returnTo, ...(fresh ? { fresh: '1' } : {}) })
  const providers = [...gateway.providers.values()].map(({ id, name }) => ({
    name,
    startUrl: `${prefix}/start/${id}?${query}`,
    rememberUrl: session.rememberSeconds === null ? null : `${prefix}/start/${id}?${query}&remember=1`,
  }))
  const mayPlayAsGuest = guests === 'on' && gateway.policy().bundle.guestRole !== null && !fresh
  const frame = frameOf(ask, gateway, undefined, null)
  const page = chooserPage(frame, {
    providers,
    guest: mayPlayAsGuest ? { action: `${prefix}/guest`, returnTo } : null,
    reason: fresh ? 'confirm' : 'sign-in',
    webview: 'no',
  })
  return renderPage(page, { language: frame.language })
}

/** Where sign-out lands: it says so, and starts nothing. */
export async function signedOut(ask: Ask, gateway: Gateway): Promise<Answer> {
  if (clientKind(ask) === 'program') return json(200, { signed_out: true })
  const frame = frameOf(ask, gateway, null, null)
  const page = signedOutPage(frame, { scope: 'here', provider: null, signInUrl: `${gateway.config.prefix}/sign-in` })
  return renderPage(page, { language: frame.language })
}
