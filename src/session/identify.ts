import type { Credentials } from '../core/ask.ts'
import type { Seconds, SessionKey } from '../core/brand.ts'
import { cookieValues } from '../core/cookie.ts'
import type { EndReason, Subject } from '../core/person.ts'
import type { SessionMemory } from '../ports/memory.ts'
import type { Found, SessionStore } from '../ports/store.ts'
import { readToken, type TokenMac } from './token.ts'

/** Who a request's cookie says it is. */
export type Identified =
  | { readonly kind: 'nobody' }
  | {
      readonly kind: 'somebody'
      readonly subject: Subject & { readonly kind: 'session' }
      readonly cached: 'cached' | 'read'
    }
  | { readonly kind: 'ended'; readonly reason: EndReason }
  | { readonly kind: 'invalid' }

/** What identification needs. */
export interface Identifier {
  readonly cookieName: string
  readonly mac: TokenMac
  readonly sessions: Pick<SessionStore, 'read'>
  readonly cache: SessionMemory
  readonly cacheMs: number
  readonly now: Seconds
  /** Milliseconds on the clock the cache counts in. */
  readonly ticks: number
}

const NOBODY: Identified = { kind: 'nobody' }
const INVALID: Identified = { kind: 'invalid' }

/**
 * Who the session cookie names. No cookie: no store call. A wrong mac: no store call. Cached: no store call.
 *
 * @throws StoreUnavailable when the store is silent: an outage is not an absence
 */
export async function identify(credentials: Credentials, by: Identifier): Promise<Identified> {
  if (credentials.cookie === null || !credentials.cookie.includes(by.cookieName)) return NOBODY
  const values = cookieValues(credentials.cookie, by.cookieName)
  const [first] = values
  if (first === undefined) return NOBODY
  if (values.length > 1) return identifyOneOf(values, by)
  const cached = by.cache.get(first, by.ticks, by.cacheMs)
  if (cached !== null) return judgeFound(cached.found, by.now, 'cached')
  const key = await readToken(by.mac, first)
  return key === null ? INVALID : judgeFound(await load(first, key, by), by.now, 'read')
}

async function identifyOneOf(values: readonly string[], by: Identifier): Promise<Identified> {
  const valid: { value: string; key: SessionKey }[] = []
  for (const value of new Set(values)) {
    const key = await readToken(by.mac, value)
    if (key !== null) valid.push({ value, key })
  }
  // ATTACK: cookie tossing: two cookies with a valid mac are two people; neither is believed (DECISIONS 3).
  const [only, second] = valid
  if (only === undefined || second !== undefined) return INVALID
  const cached = by.cache.get(only.value, by.ticks, by.cacheMs)
  if (cached !== null) return judgeFound(cached.found, by.now, 'cached')
  return judgeFound(await load(only.value, only.key, by), by.now, 'read')
}

async function load(value: string, key: SessionKey, by: Identifier): Promise<Found> {
  const tag = key.slice(0, 10)
  const generation = by.cache.generation(tag)
  const found = await by.sessions.read(key, by.now)
  by.cache.put(value, tag, found, by.ticks, generation)
  return found
}

/** Who a store's answer names at this moment. */
export function judgeFound(found: Found, now: Seconds, cached: 'cached' | 'read'): Identified {
  if (found.kind === 'ended') return { kind: 'ended', reason: found.reason }
  if (found.kind === 'unknown') return INVALID
  const { session, user } = found
  // INVARIANT: over means end <= now (seeds S15); an end that is no number is over too (seeds S16).
  const ends = [session.endsAt, session.idleUntil, ...(user.endsAt === null ? [] : [user.endsAt])]
  if (!ends.every((end) => end > now)) return { kind: 'ended', reason: 'expired' }
  return { kind: 'somebody', subject: { kind: 'session', user, session }, cached }
}
