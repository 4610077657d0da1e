import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { cookieValues, hostCookie } from '../core/cookie.ts'
import { show } from '../pages/frame.ts'
import { type CookieCause, cookiesBlocked } from '../pages/obstacles.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { Identified } from '../session/identify.ts'
import { cookieForm, departedCookie } from '../session/open.ts'

/** How long a finished sign-in is remembered by its marker: one automatic attempt in that time, seconds. */
const ARRIVED_SECONDS = 60

/** The marker that a sign-in was finished here: with it and without a session cookie, the browser did not keep the latter. */
export function arrivedCookie(ask: Ask, gateway: Gateway): readonly [string, string] {
  return [
    'set-cookie',
    hostCookie(gateway.cookies.arrived, '1', { maxAge: ARRIVED_SECONDS, ...cookieForm(ask, gateway) }),
  ]
}

/** Likeliest first, as far as the request shows. */
function causesOf(ask: Ask, gateway: Gateway): readonly [CookieCause, ...CookieCause[]] {
  if (ask.browser.dest === 'iframe') return ['framed', 'blocked', 'private']
  if (ask.host !== gateway.config.host) return ['address', 'blocked', 'private']
  return ['blocked', 'private', 'clock']
}

/**
 * The diagnosis instead of another round: a sign-in was finished here within a minute, and its session did not come back
 * (users.md row 5). Shown once: trying again from there is the player's own doing. Null when there is no loop.
 *
 * @param retryUrl - where "try again" leads
 */
export function loopBreak(ask: Ask, gateway: Gateway, identified: Identified, retryUrl: string): Answer | null {
  if (identified.kind === 'somebody' || identified.kind === 'ended') return null
  if (cookieValues(ask.credentials.cookie ?? '', gateway.cookies.arrived).length === 0) return null
  const causes = causesOf(ask, gateway)
  return show(ask, gateway, null, (frame) => cookiesBlocked(frame, { causes, retryUrl }), [
    departedCookie(ask, gateway),
  ])
}
