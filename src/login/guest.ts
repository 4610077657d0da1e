import { type Answer, json, redirect } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import type { RoleName, UserId } from '../core/brand.ts'
import { seconds } from '../core/brand.ts'
import { clientKind } from '../core/client-kind.ts'
import { cookieValues } from '../core/cookie.ts'
import type { User } from '../core/person.ts'
import { canonicalTarget, isBelow } from '../core/target.ts'
import { refuse } from '../pages/refuse.ts'
import { matchRule } from '../policy/policy.ts'
import type { Gateway } from '../ports/gateway.ts'
import { identifierOf } from '../session/identifier.ts'
import { type Identified, identify } from '../session/identify.ts'
import { note } from '../session/note.ts'
import { tokenParts } from '../session/token.ts'
import { arrivedCookie } from './arrived.ts'
import { fullHouse, overBudget } from './budget.ts'
import { isBearer, isBlocked, nobodyHere, notOurForm } from './caller.ts'
import { guestDestination } from './destination.ts'
import { type GuestSecret, guestSecret } from './guest-secret.ts'
import { openFor } from './open-for.ts'

/**
 * Makes a guest account and its session by a button of ours (DECISIONS 16, seeds G1, G4, G5).
 *
 * @param wish - the form: `return_to`, or the own page it leads to by name, unchecked
 */
export async function startGuest(ask: Ask, gateway: Gateway, wish: URLSearchParams): Promise<Answer> {
  const wrong = notOurForm(ask, gateway)
  if (wrong !== null) return wrong
  const returnTo = guestDestination(wish, gateway)
  if (returnTo === null) return refuse(ask, gateway, 'bad-return')
  const identified = await identify(ask.credentials, identifierOf(gateway))
  if (identified.kind === 'somebody') return done(ask, returnTo, [])
  // WHY: a guest lives in a cookie, which a client that presents a bearer does not keep.
  if (isBearer(ask)) return nobodyHere(ask, gateway, identified)
  return playAsGuest(ask, gateway, returnTo)
}

/**
 * Whether a visit that needs a session makes a guest by itself: the rule of its destination says `guest: auto`, and the
 * player came by a link of this site or typed the address. Nobody becomes one on the way to a page of ours, which no rule is
 * for: an administrator could not sign in.
 *
 * ATTACK: a foreign page must not fill the house with guests; where a browser does not say where from, nobody is made.
 */
export function isAutoGuest(ask: Ask, gateway: Gateway, destination: string): boolean {
  if (clientKind(ask) !== 'navigation' || !['none', 'same-origin'].includes(ask.browser.site ?? '')) return false
  if (gateway.config.guests === 'off' || gateway.policy().bundle.guestRole === null) return false
  const target = canonicalTarget(destination.split('#', 1)[0] ?? '')
  if (!target.ok || isBelow(target.value.path, gateway.config.prefix)) return false
  const match = matchRule(gateway.policy(), { method: 'GET', host: ask.host, target: target.value })
  return match.kind === 'rule' && match.rule.demands.guest === 'auto'
}

/**
 * Whether the session that ended in this browser was a player's: they are told why and asked how to go on, for who is made a
 * guest without a word looks for their progress. This browser's own guest comes back by itself.
 */
export async function isPlayersEnd(ask: Ask, gateway: Gateway, { kind }: Identified): Promise<boolean> {
  if (kind !== 'ended') return false
  const { tag } = await guestSecret(ask, gateway, 'own')
  const tokens = cookieValues(ask.credentials.cookie ?? '', gateway.cookies.session)
  return !tokens.some((token) => tokenParts(token)?.tag === tag)
}

/** Opens a session of this browser's guest: the one it made before, or a new one within the limits. */
export async function playAsGuest(ask: Ask, gateway: Gateway, returnTo: string): Promise<Answer> {
  const role = gateway.policy().bundle.guestRole
  if (gateway.config.guests === 'off' || role === null) return refuse(ask, gateway, 'guests-off')
  const refused = (await fullHouse(ask, gateway, 'guests')) ?? (await overBudget(ask, gateway, 'guest'))
  if (refused !== null) return refused
  const made = await guestOf(ask, gateway, role)
  if (made === null) return refuse(ask, gateway, 'session-invalid')
  const { user, secret } = made
  if (isBlocked(user, gateway)) return refuse(ask, gateway, 'account-suspended', { standing: user.standing })
  const now = gateway.runtime.now()
  const opened = await openFor(ask, gateway, {
    user,
    provider: 'guest',
    authTime: now,
    provenAt: null,
    remember: 'forget',
  })
  if (!opened.ok) return refuse(ask, gateway, opened.fault === 'too-many' ? 'too-many-sessions' : 'session-invalid')
  return done(ask, returnTo, [['set-cookie', opened.value.setCookie], secret.header, arrivedCookie(ask, gateway)])
}

interface MadeGuest {
  readonly user: User
  readonly secret: GuestSecret
}

/** The guest of this browser's secret; a fresh one where that account is over, or is no guest any more. */
async function guestOf(ask: Ask, gateway: Gateway, role: RoleName): Promise<MadeGuest | null> {
  const own = await guestSecret(ask, gateway, 'own')
  const present = own.known === 'known' ? await gateway.store.directory.read(own.id) : null
  // ATTACK: the secret opens a guest account and nothing else: once promoted, only its providers do.
  if (present !== null && isGuestNow(present, gateway)) return { user: present, secret: own }
  const fresh = own.known === 'known' && present === null ? own : await guestSecret(ask, gateway, 'fresh')
  return (
    (await makeGuest(ask, gateway, role, fresh)) ??
    makeGuest(ask, gateway, role, await guestSecret(ask, gateway, 'fresh'))
  )
}

async function makeGuest(ask: Ask, gateway: Gateway, role: RoleName, secret: GuestSecret): Promise<MadeGuest | null> {
  const wanted = newGuest(gateway, secret, [role])
  await gateway.store.directory.createGuest(wanted, note(gateway, ask, 'guest-created', wanted.id, wanted.id))
  // WHY: two requests of one browser make one guest; the second one finds what the first one wrote.
  const user = await gateway.store.directory.read(wanted.id)
  return user !== null && isGuestNow(user, gateway) ? { user, secret } : null
}

function isGuestNow(user: User, gateway: Gateway): boolean {
  return user.guest && (user.endsAt === null || user.endsAt > gateway.runtime.now())
}

function done(ask: Ask, returnTo: string, headers: readonly (readonly [string, string])[]): Answer {
  return clientKind(ask) === 'program' ? json(200, { ok: true }, headers) : redirect(303, returnTo, headers)
}

/**
 * A name that no other guest has: made from the account's own id, so that nothing has to be looked up, tried again or
 * given back. At most 20 characters (seeds G4, G8).
 */
export function guestName(id: UserId): string {
  const number = BigInt(`0x${id.replaceAll('-', '').slice(0, 12)}`) % 100_000_000_000_000n
  return `guest_${String(number).padStart(14, '0')}`
}

function newGuest(gateway: Gateway, { id, tag }: GuestSecret, roles: User['roles']): User {
  const { runtime, config } = gateway
  const now = runtime.now()
  return {
    id,
    tag,
    origin: 'guest',
    guest: true,
    profile: { name: guestName(id), email: null, emailVerified: false, picture: null },
    roles,
    primaryRole: null,
    standing: { kind: 'active' },
    attributes: {},
    epoch: 1,
    createdAt: now,
    lastSignInAt: now,
    endsAt: seconds(now + config.session.guestSeconds),
  }
}
