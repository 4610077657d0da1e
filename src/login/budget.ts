import { networkOf, UNKNOWN_SHARE } from '../core/address.ts'
import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { type Seconds, seconds } from '../core/brand.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'

/** What a network has a budget for: separate ones, so that one does not starve another (users.md row 40). */
export type Budget =
  | 'start'
  | 'callback'
  | 'form-post'
  | 'guest'
  | 'back-channel'
  | 'device'
  | 'user-code'
  | 'native-code'

/** Retry-After of a full house, seconds. */
const FULL_RETRY_SECONDS = 30
/** Provider sign-outs come from few addresses, and many at once. */
const BACK_CHANNEL_PER_MINUTE = 600
/**
 * Codes of devices a network may try in ten minutes, the life of a code. ATTACK: of 20^8 codes so few tries find one of
 * a thousand that wait with a chance below one in a hundred thousand (RFC 8628 section 5.1).
 */
const USER_CODES_PER_LIFE = 200

/**
 * How often a network may ask for the session of a code, for each start it may make: as many devices as begin in a minute
 * and two thirds wait beside each other without being told to wait longer.
 */
const ASKS_PER_START = 20

function sizeOf(gateway: Gateway, budget: Budget): { readonly limit: number; readonly window: Seconds } {
  const { startsPerMinute, callbacksPerMinute, guestsPerHour } = gateway.config.limits
  switch (budget) {
    case 'start':
    case 'device':
      return { limit: startsPerMinute, window: seconds(60) }
    case 'callback':
    // WHY: each form is followed by a callback; one budget for both would let in half as many people.
    case 'form-post':
      return { limit: callbacksPerMinute, window: seconds(60) }
    case 'guest':
      return { limit: guestsPerHour, window: seconds(3600) }
    case 'back-channel':
      return { limit: BACK_CHANNEL_PER_MINUTE, window: seconds(60) }
    case 'native-code':
      return { limit: startsPerMinute * ASKS_PER_START, window: seconds(60) }
    case 'user-code':
      return { limit: USER_CODES_PER_LIFE, window: seconds(600) }
  }
}

/** Spends one of a network's budget; the 429 when nothing is left, null while something is. */
export async function overBudget(ask: Ask, gateway: Gateway, budget: Budget): Promise<Answer | null> {
  const wait = await spend(ask, gateway, budget)
  if (wait === null) return null
  return refuse(ask, gateway, 'too-many-tries', { headers: [['retry-after', String(wait)]] })
}

/** Spends one of a network's budget: the seconds to wait when nothing is left, null while something is. */
export async function spend(ask: Ask, gateway: Gateway, budget: Budget): Promise<number | null> {
  const { limit, window } = sizeOf(gateway, budget)
  const network = networkOf(ask.address ?? '', 4)
  const most = network === null ? limit * UNKNOWN_SHARE : limit
  const now = gateway.runtime.now()
  const hit = await gateway.store.rates.hit(`${budget}:${network ?? 'unknown'}`, most, window, now)
  return hit.allowed ? null : hit.retryAfter
}

/** The 503 of a full house for somebody new; null while there is room. Whoever is in stays in (SPEC 10). */
export async function fullHouse(ask: Ask, gateway: Gateway, who: 'guests' | 'signIns'): Promise<Answer | null> {
  const most = gateway.config.load[who]
  if (most === null) return null
  const { now } = gateway.runtime
  const { active } = await gateway.store.sessions.count(now(), gateway.config.session.activityWindowSeconds)
  if (active < most) return null
  return refuse(ask, gateway, 'overloaded', { headers: [['retry-after', String(FULL_RETRY_SECONDS)]] })
}
