import { type Answer, json, redirect } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { clientKind, isFramed } from '../core/client-kind.ts'
import type { EndReason } from '../core/person.ts'
import { show } from '../pages/frame.ts'
import { wayBack } from '../pages/refusal.ts'
import { refuse } from '../pages/refuse.ts'
import { type ChooserProps, chooser as chooserPage, signedOut as signedOutPage } from '../pages/sign-in.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { Provider } from '../ports/provider.ts'
import { identifierOf } from '../session/identifier.ts'
import { identify } from '../session/identify.ts'
import { loopBreak } from './arrived.ts'
import { callerNow, type Person } from './caller.ts'
import { destinationOf, guestFields, loginHintOf } from './destination.ts'
import { isAutoGuest, isPlayersEnd, playAsGuest } from './guest.ts'
import { isLeftOpen } from './provider-exit.ts'
import { providerList } from './session-state.ts'
import { isWebview } from './webview.ts'

/** The page that offers every way to sign in, and keeps where the player wanted to go. */
export async function chooser(ask: Ask, gateway: Gateway): Promise<Answer> {
  const wish = new URLSearchParams(ask.target.query)
  const destination = destinationOf(wish, gateway)
  if (destination === null) return refuse(ask, gateway, 'bad-return')
  if (clientKind(ask) === 'program') return providerList(ask, gateway)
  const identified = await identify(ask.credentials, identifierOf(gateway))
  const broken = loopBreak(ask, gateway, identified, `${ask.target.path}${ask.target.query}`)
  if (broken !== null) return broken
  const person = identified.kind === 'somebody' ? identified.subject : null
  const isAuto = person === null && isAutoGuest(ask, gateway, destination)
  if (isAuto && !(await isPlayersEnd(ask, gateway, identified))) return playAsGuest(ask, gateway, destination)
  if (person !== null && !person.user.guest && wish.get('fresh') === '1')
    return confirmation(ask, gateway, destination, person)
  // WHY: what the browser's own cookie stands for is told, never what an address claims: a link could say anything.
  const ended = identified.kind === 'ended' ? identified.reason : null
  return choices(ask, gateway, destination, { reason: 'sign-in', ended }, [...gateway.providers.values()])
}

/** Only ways that are this person's, and where a rule waits only those that can prove presence, lead anywhere. */
async function confirmation(ask: Ask, gateway: Gateway, destination: string, person: Person): Promise<Answer> {
  const identities = await gateway.store.directory.identities(person.user)
  const isForOwnPage = destination.startsWith(`${gateway.config.prefix}/`)
  const ways = [...gateway.providers.values()].filter(
    ({ id, proves }) => identities.some(({ provider }) => provider === id) && (isForOwnPage || proves !== 'never'),
  )
  if (ways.length === 0) return refuse(ask, gateway, 'presence-unproven', { subject: person })
  return choices(ask, gateway, destination, { reason: 'confirm', ended: null }, ways)
}

function choices(
  ask: Ask,
  gateway: Gateway,
  destination: string,
  { reason, ended }: Pick<ChooserProps, 'reason'> & { readonly ended: EndReason | null },
  ways: readonly Provider[],
): Answer {
  const { prefix, session, guests } = gateway.config
  const hint = loginHintOf(new URLSearchParams(ask.target.query))
  const hinted = hint === null ? '' : `&login_hint=${encodeURIComponent(hint)}`
  const query = `${wayBack(destination, prefix)}${reason === 'confirm' ? '&fresh=1' : ''}${hinted}`
  const mayRemember = session.rememberSeconds !== null && reason === 'sign-in'
  const providers = ways.map(({ id, name }) => ({
    name,
    startUrl: `${prefix}/start/${id}?${query}`,
    rememberUrl: mayRemember ? `${prefix}/start/${id}?${query}&remember=1` : null,
  }))
  const fields = guestFields(destination, gateway)
  const mayPlayAsGuest = guests === 'on' && gateway.policy().bundle.guestRole !== null && reason === 'sign-in'
  return show(ask, gateway, undefined, (frame) =>
    chooserPage(frame, {
      providers,
      guest: mayPlayAsGuest && fields !== null ? { action: `${prefix}/guest`, fields } : null,
      reason,
      webview: isWebview(ask.userAgent) ? 'yes' : 'no',
      ...(isFramed(ask.browser) ? { leave: 'tab' } : {}),
      ended,
      ...(destination === `${prefix}/account` ? {} : { devicesUrl: `${prefix}/sign-in?to=account` }),
    }),
  )
}

/** Where sign-out lands: it says so, and starts nothing. Whoever is signed in again by then is led to their account. */
export async function signedOut(ask: Ask, gateway: Gateway): Promise<Answer> {
  const person = await callerNow(ask, gateway)
  const isSignedIn = person !== null && !person.user.guest
  if (clientKind(ask) === 'program') return json(200, { signed_out: !isSignedIn })
  if (isSignedIn) return redirect(303, `${gateway.config.prefix}/account`)
  const said = new URLSearchParams(ask.target.query)
  const { prefix } = gateway.config
  // WHY: an address may name one of our own providers and nothing else; what ends a session is known by the cookie.
  const provider = gateway.providers.get(said.get('at') ?? '')?.name ?? null
  const props = {
    scope: said.get('everywhere') === '1' ? 'everywhere' : 'here',
    provider,
    endUrl: provider !== null && (await isLeftOpen(ask, gateway)) ? `${prefix}/sign-out?provider=1` : null,
    signInUrl: `${prefix}/sign-in`,
  } as const
  return show(ask, gateway, null, (frame) => signedOutPage(frame, props))
}
