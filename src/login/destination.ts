import { adminReturn, type ReturnTo, safeReturnTo } from '../core/redirect.ts'
import { wayBack } from '../pages/refusal.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { LoginTransaction } from '../ports/login-store.ts'

/** Own pages a sign-in may end at, by the name a client asks for them with, and the one field each of them takes along. */
const OWN_PAGES: ReadonlyMap<string, string | null> = new Map([
  ['account', null],
  ['admin', null],
  ['authorize', 'request'],
  ['device', 'user_code'],
  ['invite', null],
])
/** What such a field may be: a name of ours or a short code, never an address. */
const CARRIED = /^[A-Za-z0-9_-]{1,64}$/

/** Where to return to; null when the wish is not safe. No wish: the front page. */
export function returnToOf(wish: string | null, gateway: Pick<Gateway, 'config'>): ReturnTo | null {
  const { origin, prefix, returnOrigins } = gateway.config
  return wish === null ? ('/' as ReturnTo) : safeReturnTo(wish, { origin, prefix, origins: returnOrigins })
}

/**
 * Where a sign-in shall end: `to` names an own page, `return_to` is an address; null when the wish is not safe.
 *
 * ATTACK: own routes are reached by name only, so that no address leads back into a callback or a sign-out. The pages of
 * the administration, which only show, are reached by address too.
 */
export function destinationOf(wish: URLSearchParams, gateway: Pick<Gateway, 'config'>): string | null {
  const page = wish.get('to')
  const address = wish.get('return_to')
  if (page === null) return adminReturn(address ?? '', gateway.config.prefix) ?? returnToOf(address, gateway)
  const field = OWN_PAGES.get(page)
  if (field === undefined) return null
  const carried = field === null ? null : wish.get(field)
  const query = carried !== null && CARRIED.test(carried) ? `?${field}=${carried}` : ''
  return `${gateway.config.prefix}/${page}${query}`
}

/** Own pages a guest may go on to: what is decided there is decided about the own account, whatever it is. */
const GUEST_PAGES: ReadonlySet<string> = new Set(['authorize', 'device'])

/** Where a guest shall go on; null when the wish is not safe, or the page is none for guests. */
export function guestDestination(wish: URLSearchParams, gateway: Pick<Gateway, 'config'>): string | null {
  const page = wish.get('to')
  // WHY: an address of the administration is none for guests either.
  if (page === null) return returnToOf(wish.get('return_to'), gateway)
  return GUEST_PAGES.has(page) ? destinationOf(wish, gateway) : null
}

/** The fields by which a form of ours names a destination for a guest; null when it is none. */
export function guestFields(
  destination: string,
  gateway: Pick<Gateway, 'config'>,
): Readonly<Record<string, string>> | null {
  const wish = new URLSearchParams(wayBack(destination, gateway.config.prefix))
  return guestDestination(wish, gateway) === null ? null : Object.fromEntries(wish)
}

/** The sign-in after which an own page goes on where it was. */
export function signInTo(page: 'authorize' | 'device', carried: string | null, prefix: string): string {
  const query = carried !== null && CARRIED.test(carried) ? `&${OWN_PAGES.get(page)}=${carried}` : ''
  return `${prefix}/sign-in?to=${page}${query}`
}

/** Longer than any address of an account (RFC 5321 section 4.5.3.1.3). */
const MAX_HINT = 254

/** The account somebody wants to sign in with, to be told to the provider alone; null when none is named in a usable form. */
export function loginHintOf(wish: URLSearchParams): string | null {
  const hint = wish.get('login_hint')?.trim() ?? ''
  // WHY: a longer one is left out and not cut, for half of an address is another one.
  return hint === '' || hint.length > MAX_HINT ? null : hint
}

/** Whether a stored destination may still be gone to: checked again at the callback (SPEC 3). */
export function isStillSafe(destination: string, gateway: Pick<Gateway, 'config'>): boolean {
  const { prefix } = gateway.config
  if (!destination.startsWith(`${prefix}/`)) return returnToOf(destination, gateway) !== null
  if (adminReturn(destination, prefix) !== null) return true
  const [path = ''] = destination.slice(prefix.length + 1).split('?')
  return OWN_PAGES.has(path)
}

/** What a link attempt wants, as its form says it. */
export interface LinkWish {
  readonly provider: string
  /** Where to go when it is done. */
  readonly returnTo: string
  readonly primary: 'primary' | 'secondary'
}

/** The destination of a re-authentication after which linking goes on; only the server writes one. */
export function linkNext(wish: LinkWish, gateway: Pick<Gateway, 'config'>): string {
  const query = new URLSearchParams({ return_to: wish.returnTo, primary: wish.primary })
  return `${gateway.config.prefix}/link/${wish.provider}?${query}`
}

/** The linking that goes on after a re-authentication; null when there is none. */
export function nextLink(transaction: LoginTransaction, gateway: Pick<Gateway, 'config'>): LinkWish | null {
  const start = `${gateway.config.prefix}/link/`
  if (transaction.purpose !== 'reauthenticate' || !transaction.returnTo.startsWith(start)) return null
  const [provider = '', query = ''] = transaction.returnTo.slice(start.length).split('?')
  const wish = new URLSearchParams(query)
  return {
    provider,
    returnTo: wish.get('return_to') ?? '/',
    primary: wish.get('primary') === 'primary' ? 'primary' : 'secondary',
  }
}
