import { type Answer, json } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { clientKind } from '../core/client-kind.ts'
import { refuse } from '../pages/refuse.ts'
import { choosePage, signedOutPage } from '../pages/sign-in.ts'
import type { Gateway } from '../ports/gateway.ts'
import { providerList } from './session-state.ts'
import { returnToOf } from './start.ts'

/** The page that offers every way to sign in, and keeps where the player wanted to go. */
export async function chooser(ask: Ask, gateway: Gateway): Promise<Answer> {
  const wish = new URLSearchParams(ask.target.query)
  const returnTo = returnToOf(wish.get('return_to'), gateway)
  if (returnTo === null) return refuse(ask, gateway, 'bad-return')
  if (clientKind(ask) === 'program') return providerList(ask, gateway)
  return choosePage(ask, gateway, { returnTo, ended: wish.get('ended'), fresh: wish.get('fresh') === '1' })
}

/** Where sign-out lands: it says so, and starts nothing. */
export async function signedOut(ask: Ask, gateway: Gateway): Promise<Answer> {
  if (clientKind(ask) === 'program') return json(200, { signed_out: true })
  return signedOutPage(ask, gateway)
}
