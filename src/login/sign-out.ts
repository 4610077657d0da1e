import { isOfAnother } from '../core/account-field.ts'
import { type Answer, json, redirect } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { clientKind } from '../core/client-kind.ts'
import { show } from '../pages/frame.ts'
import { handOver } from '../pages/obstacles.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import { identifierOf } from '../session/identifier.ts'
import { identify } from '../session/identify.ts'
import { note } from '../session/note.ts'
import { endedCookies } from '../session/open.ts'
import { isBearer, notOurForm, type Person } from './caller.ts'
import { type LeftOpen, leaveOpen, type ProviderExit, providerExit, takeLeftOpen } from './provider-exit.ts'

/** Which devices to sign out. */
export type SignOutScope = 'this-device' | 'all-devices'

/**
 * Signs out. Without a valid session it succeeds, clears the cookie and changes nothing (seeds S24). The landing page
 * starts no sign-in. The cache is cleared and nothing else: storage and other cookies are the game's (DECISIONS 17).
 *
 * @param form - `provider=1` ends the session at the provider too, where it has an end-session endpoint; also for
 *   ten minutes after a sign-out here only, from the same browser
 */
export async function signOut(ask: Ask, gateway: Gateway, scope: SignOutScope, form: URLSearchParams): Promise<Answer> {
  const wrong = notOurForm(ask, gateway)
  if (wrong !== null) return wrong
  const identified = await identify(ask.credentials, identifierOf(gateway))
  const person = identified.kind === 'somebody' ? identified.subject : null
  // WHY: whoever presses a button to sign out here wants nobody to be signed in here; the other devices are their own.
  if (scope === 'all-devices' && person !== null && isOfAnother(form, person.user))
    return refuse(ask, gateway, 'other-account', { subject: person })
  const ended = person === null ? 0 : await end(ask, gateway, person, scope)
  const wish = form.get('provider') === '1' ? 'provider-too' : 'here-only'
  if (isBearer(ask)) return bearerSignedOut(gateway, person, wish, ended)
  const { onward, query, cookies } = await atProvider(ask, gateway, person, wish)
  const headers = [...endedCookies(ask, gateway), ...cookies, ['clear-site-data', '"cache"'] as const]
  if (clientKind(ask) === 'program') return json(200, { signed_out: ended, ...nextOf(onward) }, headers)
  // WHY: a redirect to another origin would be stopped by the form-action of the page the form is on.
  if (onward !== null) return show(ask, gateway, null, (frame) => handOver(frame, onward), headers)
  const said = new URLSearchParams({ ...(scope === 'all-devices' ? { everywhere: '1' } : {}), ...query }).toString()
  return redirect(303, `${gateway.config.prefix}/signed-out${said === '' ? '' : `?${said}`}`, headers)
}

function nextOf(onward: ProviderExit | null): { readonly provider_sign_out?: string } {
  return onward === null ? {} : { provider_sign_out: onward.url }
}

/** WHY: neither the cookie beside a bearer nor what a browser keeps of this site belongs to the session that ended. */
async function bearerSignedOut(gateway: Gateway, person: Person | null, wish: Wish, ended: number): Promise<Answer> {
  const onward = person !== null && wish === 'provider-too' ? await providerExit(gateway, person.session) : null
  return json(200, { signed_out: ended, ...nextOf(onward) })
}

type Wish = 'provider-too' | 'here-only'

/** What becomes of the provider's own session. */
interface AtProvider extends LeftOpen {
  readonly onward: ProviderExit | null
}

async function atProvider(ask: Ask, gateway: Gateway, person: Person | null, wish: Wish): Promise<AtProvider> {
  const nothing = { onward: null, query: {}, cookies: [] }
  if (person !== null && wish === 'here-only')
    return { onward: null, ...(await leaveOpen(ask, gateway, person.session)) }
  if (person !== null) return { ...nothing, onward: await providerExit(gateway, person.session) }
  const taken = wish === 'provider-too' ? await takeLeftOpen(ask, gateway) : null
  if (taken === null) return nothing
  return { ...nothing, onward: await providerExit(gateway, taken.left), cookies: [taken.cookie] }
}

async function end(ask: Ask, gateway: Gateway, { user, session }: Person, scope: SignOutScope): Promise<number> {
  const audit = note(gateway, ask, 'sign-out', user.id, user.id, { sid: session.sid, scope })
  const now = gateway.runtime.now()
  const { sessions } = gateway.store
  const ended =
    scope === 'all-devices'
      ? await sessions.revokeUser(user, 'signed-out', now, audit)
      : Number(await sessions.revokeSid(user, session.sid, 'signed-out', now, audit))
  gateway.sessions.drop(user.tag)
  return ended
}
