import type { Ask } from '../core/ask.ts'
import { type Seconds, type Sid, seconds } from '../core/brand.ts'
import { type CookieAttributes, hostCookie } from '../core/cookie.ts'
import type { Session, SessionBasis, User } from '../core/person.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Gateway } from '../ports/gateway.ts'
import { accessTokenOf } from './access-token.ts'
import { capOf, clientKind, endsOf, knownRoles, lifeOf, recordedAddress } from './life.ts'
import { note } from './note.ts'
import { freshSid, freshToken, type SessionToken } from './token.ts'

/** How long the old key of a rotated session still reads, seconds (DECISIONS 5). */
export const ROTATION_GRACE_SECONDS: Seconds = seconds(30)

/** A program that a signed-in person let in. */
export interface LetIn {
  /** Its id in the configuration. */
  readonly client: string
  /** The session they did it in. */
  readonly by: Sid
  readonly flow: 'device' | 'loopback'
  /** The session of the provider they were in, as a hash; null: none is known. */
  readonly follows: string | null
  readonly seed: SessionSeed
}

/** What a session's secret and name are made of where they are not drawn anew: the same ones make the same session. */
export interface SessionSeed {
  /** 24 bytes that nobody can guess. */
  readonly secret: Uint8Array
  /** 16 bytes. */
  readonly sid: Uint8Array
}

/** What a sign-in says about the session it opens. */
export interface Opening {
  readonly user: User
  readonly provider: string
  readonly authTime: Seconds
  /** When the person proved who they are; null: this sign-in does not tell. */
  readonly provenAt: Seconds | null
  readonly remember: 'remember' | 'forget'
  readonly native?: LetIn
}

/** A session that is stored, and the two forms of the secret that names it: a client is handed one of them. */
export interface Opened {
  readonly session: Session
  /** For a browser: the whole `Set-Cookie` line. */
  readonly setCookie: string
  /** For a client without cookies: the bearer of RFC 6750. */
  readonly accessToken: string
}

/**
 * Opens a session: stored first, then the cookie is made (seeds S10).
 *
 * @returns `too-many` when the cap refuses another one; `no-user` when the user is gone; `changed` when the user was banned,
 * signed out everywhere or changed otherwise since `opening` was made
 */
export async function openSession(
  ask: Ask,
  gateway: Gateway,
  opening: Opening,
): Promise<Result<Opened, 'too-many' | 'no-user' | 'changed'>> {
  const { user } = opening
  const now = gateway.runtime.now()
  const roles = knownRoles(gateway.policy().bundle, user)
  const { seed } = opening.native ?? {}
  const { token, key } = await freshToken(
    gateway.mac,
    user.tag,
    (count) => seed?.secret ?? gateway.runtime.random(count),
  )
  const ends = endsOf(lifeOf(gateway.config.session, roles, opening.remember), user, now)
  const session: Session = {
    key,
    sid: freshSid((count) => seed?.sid ?? gateway.runtime.random(count)),
    user: user.id,
    tag: user.tag,
    provider: opening.provider,
    // WHY: what somebody allowed by name is known; a header only claims.
    client: opening.native?.client ?? clientKind(ask.client),
    userAgent: ask.userAgent,
    address: recordedAddress(ask.address, gateway.config.session.recordAddress),
    country: ask.country,
    createdAt: now,
    authTime: opening.authTime,
    ...proofOf(opening),
    lastSeenAt: now,
    idleUntil: ends.idleUntil,
    endsAt: ends.endsAt,
    character: null,
    version: 1,
    ...programOf(opening),
    basis: basisOf(user, opening.remember, now),
  }
  const { client, by } = opening.native ?? {}
  const cap = capOf(gateway.config.session, roles)
  // WHY: whoever lets a program in does not lose the session they do it in over it.
  const spared = cap === null || by === undefined ? cap : { ...cap, spare: by }
  const allowed = client === undefined || by === undefined ? {} : { client, by }
  const detail = { provider: opening.provider, sid: session.sid, ...allowed }
  const audit = note(gateway, ask, 'sign-in', user.id, user.id, detail)
  const created = await gateway.store.sessions.create(session, spared, audit)
  gateway.sessions.drop(user.tag)
  if (created.kind === 'refused') return err('too-many')
  if (created.kind !== 'created') return err(created.kind)
  return ok(openedBy(ask, gateway, token, session))
}

/** Gives a session a new secret and a fresh sign-in time; its public name and character stay (DECISIONS 5). */
export async function renewSession(
  ask: Ask,
  gateway: Gateway,
  current: Session,
  opening: Opening,
): Promise<Result<Opened, 'no-user'>> {
  const now = gateway.runtime.now()
  const roles = knownRoles(gateway.policy().bundle, opening.user)
  const { token, key } = await freshToken(gateway.mac, current.tag, (count) => gateway.runtime.random(count))
  const ends = endsOf(lifeOf(gateway.config.session, roles, opening.remember), opening.user, now)
  const fresh: Session = {
    ...current,
    ...ends,
    key,
    provider: opening.provider,
    authTime: opening.authTime,
    // WHY: a sign-in that proves nothing takes nothing away either: the last proof keeps its own time.
    ...proofOf(opening),
    lastSeenAt: now,
    version: current.version + 1,
    basis: basisOf(opening.user, opening.remember, now),
  }
  const stored = await replaceKey(ask, gateway, current, fresh)
  return stored ? ok(openedBy(ask, gateway, token, fresh)) : err('no-user')
}

/**
 * Gives a session a new secret because its user may do more than when it was made: whoever learned the old one before
 * does not gain with it (DECISIONS 5). Ends only come nearer, never move away.
 *
 * @returns null when another request was faster, or the session is over
 */
export async function rotateSession(ask: Ask, gateway: Gateway, user: User, current: Session): Promise<Opened | null> {
  const now = gateway.runtime.now()
  const remember = current.basis?.remember ?? 'forget'
  const life = lifeOf(gateway.config.session, knownRoles(gateway.policy().bundle, user), remember)
  const { token, key } = await freshToken(gateway.mac, current.tag, (count) => gateway.runtime.random(count))
  const ends = endsOf(life, user, now)
  const endsAt = seconds(Math.min(current.endsAt, ends.endsAt))
  const fresh: Session = {
    ...current,
    key,
    endsAt,
    idleUntil: seconds(Math.min(life.sliding ? ends.idleUntil : current.idleUntil, endsAt)),
    lastSeenAt: now,
    version: current.version + 1,
    basis: basisOf(user, remember, now),
  }
  const stored = await replaceKey(ask, gateway, current, fresh)
  return stored ? openedBy(ask, gateway, token, fresh) : null
}

function programOf({ native }: Opening): Pick<Session, 'native' | 'follows'> {
  if (native === undefined) return {}
  return { native: native.flow, ...(native.follows === null ? {} : { follows: native.follows }) }
}

function proofOf({ provenAt }: Opening): Pick<Session, 'provenAt'> {
  return provenAt === null ? {} : { provenAt }
}

function basisOf(user: User, remember: SessionBasis['remember'], at: Seconds): SessionBasis {
  return { at, epoch: user.epoch, roles: user.roles, remember }
}

async function replaceKey(ask: Ask, gateway: Gateway, current: Session, fresh: Session): Promise<boolean> {
  const { user, sid } = current
  const graceUntil = seconds(gateway.runtime.now() + ROTATION_GRACE_SECONDS)
  const audit = note(gateway, ask, 'session-rotated', user, user, { provider: fresh.provider, sid })
  const rotated = await gateway.store.sessions.rotate(current.key, fresh, graceUntil, audit)
  gateway.sessions.drop(current.tag)
  return rotated === 'rotated'
}

function openedBy(ask: Pick<Ask, 'host'>, gateway: Gateway, token: SessionToken, session: Session): Opened {
  // WHY: Max-Age counts seconds (seeds S8); the store decides anyway, so the cookie lives to the absolute end.
  const maxAge = Math.max(0, session.endsAt - gateway.runtime.now())
  const setCookie = hostCookie(gateway.cookies.session, token, { maxAge, ...cookieForm(ask, gateway) })
  return { session, setCookie, accessToken: accessTokenOf(token) }
}

/** Inside another site a browser keeps only cookies of this form, one jar for each site around (CHIPS). */
const EMBEDDED = { sameSite: 'None', partitioned: 'partitioned' } as const

/** The form of our lasting cookies at the host that was asked. */
export function cookieForm(ask: Pick<Ask, 'host'>, gateway: Pick<Gateway, 'config'>): Omit<CookieAttributes, 'maxAge'> {
  return gateway.config.embed.hosts.includes(ask.host) ? EMBEDDED : { sameSite: 'Lax' }
}

/** The name of the cookie that names a browser's guest account. */
export function guestCookieName(gateway: Pick<Gateway, 'cookies'>): string {
  return `${gateway.cookies.transaction}guest`
}

function deleted(name: string, form: Omit<CookieAttributes, 'maxAge'>): readonly [string, string] {
  return ['set-cookie', hostCookie(name, '', { maxAge: 0, ...form })]
}

/** Forgets the marker of a finished sign-in: after a sign-out, or once the diagnosis was shown. */
export function departedCookie(ask: Pick<Ask, 'host'>, gateway: Gateway): readonly [string, string] {
  return deleted(gateway.cookies.arrived, cookieForm(ask, gateway))
}

/** Forgets a browser's guest account: the guest became an account, or signed out. */
export function forgetGuestCookie(ask: Pick<Ask, 'host'>, gateway: Gateway): readonly [string, string] {
  return deleted(guestCookieName(gateway), cookieForm(ask, gateway))
}

/**
 * The headers by which a browser forgets a session: for sign-out only (DECISIONS 2), and for every kind of it. The
 * partitioned form of the session's cookie is a cookie of its own, so both are deleted where there may be one.
 */
export function endedCookies(ask: Pick<Ask, 'host'>, gateway: Gateway): readonly (readonly [string, string])[] {
  const { session } = gateway.cookies
  const plain = deleted(session, { sameSite: 'Lax' })
  const own = gateway.config.embed.hosts.length === 0 ? [plain] : [plain, deleted(session, EMBEDDED)]
  return [...own, departedCookie(ask, gateway), forgetGuestCookie(ask, gateway)]
}
