import type { Credentials } from '../core/ask.ts'
import { bearerOf } from '../core/bearer.ts'
import type { Seconds, SessionKey } from '../core/brand.ts'
import { cookieValues } from '../core/cookie.ts'
import type { EndReason, Subject } from '../core/person.ts'
import type { Flights, SessionMemory } from '../ports/memory.ts'
import type { Found, SessionStore } from '../ports/store.ts'
import { sessionTokenIn } from './access-token.ts'

/** Who a request's session says it is, whichever way it is presented. */
export type Identified =
  | { readonly kind: 'nobody' }
  | {
      readonly kind: 'somebody'
      readonly subject: Subject & { readonly kind: 'session' }
      readonly cached: 'cached' | 'read'
    }
  | { readonly kind: 'ended'; readonly reason: EndReason }
  | {
      readonly kind: 'invalid'
      /** How it ended, where only the log may say so (seeds S28). */
      readonly untold?: EndReason
    }

/** Whether what this process remembers may answer, or the store is asked anew. */
export type Freshness = 'remembered' | 'anew'

/** What identification needs. */
export interface Identifier {
  readonly cookieName: string
  /** The store key that a cookie's value names; null when it is not one of ours. */
  readToken(value: string): SessionKey | null | Promise<SessionKey | null>
  readonly sessions: Pick<SessionStore, 'read'>
  readonly cache: SessionMemory
  readonly flights: Flights
  readonly cacheMs: number
  /** Whether a caller may learn how the session ended. */
  readonly tellEnds: boolean
  /** Whether what is remembered may answer, or is read once more, at most once a second (DECISIONS 8). */
  readonly freshness: Freshness
  readonly now: Seconds
  /** Milliseconds on the clock the cache counts in. */
  readonly ticks: number
}

const NOBODY: Identified = { kind: 'nobody' }
const INVALID: Identified = { kind: 'invalid' }

/**
 * Who the session names that a request presents: by its access token as a bearer, and then no cookie is read, else by its
 * cookie. Neither: no store call. A wrong mac: no store call. Cached: no store call.
 *
 * @throws StoreUnavailable when the store is silent: an outage is not an absence
 */
export async function identify(credentials: Credentials, by: Identifier): Promise<Identified> {
  const bearer = bearerOf(credentials.authorization)
  if (bearer === null) return told(browsers(await identifyCookie(credentials, by)), by)
  return told(await identifyValue(sessionTokenIn(bearer) ?? '', by), by)
}

/** ATTACK: a program's session is nobody's in a cookie: there it could let others in, link an identity, be renewed. */
function browsers(identified: Identified): Identified {
  return identified.kind === 'somebody' && identified.subject.session.native !== undefined ? INVALID : identified
}

/** What a caller may learn: where ends are not told, a session that ended is as one that never was (seeds S28). */
export function told(identified: Identified, { tellEnds }: Pick<Identifier, 'tellEnds'>): Identified {
  return tellEnds || identified.kind !== 'ended' ? identified : { kind: 'invalid', untold: identified.reason }
}

async function identifyCookie(credentials: Credentials, by: Identifier): Promise<Identified> {
  if (credentials.cookie === null || !credentials.cookie.includes(by.cookieName)) return NOBODY
  const values = cookieValues(credentials.cookie, by.cookieName)
  const [first] = values
  if (first === undefined) return NOBODY
  return values.length > 1 ? identifyOneOf(values, by) : identifyValue(first, by)
}

async function identifyValue(value: string, by: Identifier): Promise<Identified> {
  const known = remembered(value, by)
  if (known !== null) return known
  const seen = seenAt(value, by)
  return readAnew(value, await by.readToken(value), seen, by)
}

/**
 * Somebody whom memory knows by the one session cookie there is, or by the bearer that is read in its place; null where it
 * takes more to say.
 */
export function recall({ cookie, authorization }: Credentials, by: Identifier): Identified | null {
  const value = authorization === null ? onlyCookie(cookie, by) : sessionTokenIn(bearerOf(authorization) ?? '')
  if (value === null) return null
  const entry = by.cache.get(value, by.ticks, by.cacheMs)
  if (entry === null) return null
  const found = judgeFound(entry.found, by.now, 'cached')
  const identified = authorization === null ? browsers(found) : found
  return identified.kind === 'somebody' ? identified : null
}

function onlyCookie(cookie: string | null, { cookieName }: Identifier): string | null {
  if (cookie === null || !cookie.includes(cookieName)) return null
  const [first, second] = cookieValues(cookie, cookieName)
  return first === undefined || second !== undefined ? null : first
}

async function identifyOneOf(values: readonly string[], by: Identifier): Promise<Identified> {
  const valid: { value: string; key: SessionKey }[] = []
  for (const value of new Set(values)) {
    const key = await by.readToken(value)
    if (key !== null) valid.push({ value, key })
  }
  // ATTACK: cookie tossing: two cookies with a valid mac are two people; neither is believed (DECISIONS 3).
  const [only, second] = valid
  if (only === undefined || second !== undefined) return INVALID
  return remembered(only.value, by) ?? readAnew(only.value, only.key, seenAt(only.value, by), by)
}

/** What memory says; null when it says nothing, or a no that is due to be read once more (DECISIONS 8). */
function remembered(value: string, by: Identifier): Identified | null {
  const entry = by.cache.get(value, by.ticks, by.cacheMs)
  if (entry === null) return null
  const identified = judgeFound(entry.found, by.now, 'cached')
  if (by.freshness === 'remembered' && identified.kind === 'somebody') return identified
  return by.cache.claimReread(value, by.ticks) ? null : identified
}

/** When what is remembered of a session token was read; before everything when nothing is. */
function seenAt(value: string, { cache, ticks, cacheMs }: Identifier): number {
  return cache.get(value, ticks, cacheMs)?.readAt ?? Number.NEGATIVE_INFINITY
}

async function readAnew(value: string, key: SessionKey | null, seen: number, by: Identifier): Promise<Identified> {
  return key === null ? INVALID : judgeFound(await load(value, key, seen, by), by.now, 'read')
}

async function load(value: string, key: SessionKey, seen: number, by: Identifier): Promise<Found> {
  const { cache, ticks, now, cacheMs } = by
  const tag = key.slice(0, 10)
  const generation = cache.generation(tag)
  const look = () => {
    const entry = cache.get(value, ticks, cacheMs)
    return entry !== null && entry.readAt > seen ? entry.found : null
  }
  const read = async () => {
    const found = await by.sessions.read(key, now)
    cache.put(value, tag, found, ticks, generation)
    return found
  }
  // WHY: where nothing may be remembered, an answer asked for by somebody else is already too old.
  if (cacheMs === 0) return read()
  // INVARIANT: who comes after a local write wants what is true after it, never the answer of a read that began before.
  return look() ?? by.flights.load(`${value} ${generation}`, read, look)
}

/** Who a store's answer names at this moment. */
export function judgeFound(found: Found, now: Seconds, cached: 'cached' | 'read'): Identified {
  if (found.kind === 'ended') return { kind: 'ended', reason: found.reason }
  if (found.kind === 'unknown') return INVALID
  const { session, user } = found
  // INVARIANT: over means end <= now (seeds S15); an end that is no number is over too (seeds S16).
  const goesOn = session.endsAt > now && session.idleUntil > now && (user.endsAt === null || user.endsAt > now)
  if (!goesOn) return { kind: 'ended', reason: 'expired' }
  const subject = { kind: 'session', user, session } as const
  return { kind: 'somebody', subject: found.grace ? { ...subject, grace: true } : subject, cached }
}
