import { type Answer, redirect } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { type Seconds, seconds } from '../core/brand.ts'
import type { Session, User } from '../core/person.ts'
import { ok, type Result } from '../core/result.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { LoginTransaction } from '../ports/login-store.ts'
import type { ProviderOutcome } from '../ports/provider.ts'
import { note } from '../session/note.ts'
import { type Opened, type Opening, renewSession } from '../session/open.ts'
import { arrivedCookie } from './arrived.ts'
import type { Person } from './caller.ts'
import { restartOf } from './interrupted.ts'
import { openFor } from './open-for.ts'
import { rememberProviderSession } from './provider-session.ts'
import { isToSignIn } from './transaction.ts'

/** A taken attempt and the person the provider proved; `cookies` belong to every answer from here on. */
export interface Proven {
  readonly transaction: LoginTransaction
  readonly outcome: ProviderOutcome
  readonly cookies: readonly (readonly [string, string])[]
}

/**
 * When the person proved to the provider who they are; null where nobody can tell.
 *
 * ATTACK: a provider that silently re-uses its own session proves nothing about who sits there now. Only its own word
 * counts, unless the operator trusts it with more (RFC 9470; OpenID Connect Core section 3.1.2.1, `auth_time`).
 */
export function provenAt(gateway: Gateway, { outcome, transaction }: Proven): Seconds | null {
  const now = gateway.runtime.now()
  if (outcome.authTime !== null) return seconds(Math.min(outcome.authTime, now))
  const proves = gateway.providers.get(outcome.identity.provider)?.proves ?? 'never'
  const isAsked = transaction.purpose === 'reauthenticate'
  return proves === 'sign-in' || (proves === 'asked' && isAsked) ? now : null
}

/** What the session of a proven person says. */
export function openingOf(gateway: Gateway, user: User, proven: Proven): Opening {
  const { outcome, transaction } = proven
  const now = gateway.runtime.now()
  return {
    user,
    provider: outcome.identity.provider,
    authTime: outcome.authTime === null ? now : seconds(Math.min(outcome.authTime, now)),
    provenAt: provenAt(gateway, proven),
    remember: transaction.remember && isToSignIn(transaction) ? 'remember' : 'forget',
  }
}

/** Why nobody's session was opened. */
type NotOpened = 'too-many' | 'no-user' | 'changed'

/**
 * Opens a session, or gives the present one of the same user a new secret.
 *
 * ATTACK: session fixation: whoever else was signed in here before is signed out, not carried along.
 */
export async function openOrRenew(
  ask: Ask,
  gateway: Gateway,
  before: Person | null,
  opening: Opening,
): Promise<Result<Opened, NotOpened>> {
  const other = before === null || before.user.id === opening.user.id ? null : before
  if (before !== null && other === null) {
    const renewed = await renew(ask, gateway, before.session, opening)
    if (renewed !== null) return ok(renewed)
  }
  const opened = await openFor(ask, gateway, opening)
  // WHY: only now: a sign-in that is not let in takes nobody's place.
  if (opened.ok && other !== null) await endSession(ask, gateway, other.session, {})
  return opened
}

/** The session under a new key; null when it is over. */
async function renew(ask: Ask, gateway: Gateway, session: Session, opening: Opening): Promise<Opened | null> {
  const renewed = await renewSession(ask, gateway, session, opening)
  if (renewed.ok) return renewed.value
  // WHY: another tab that comes back at the same moment replaced the key first. One person at one browser keeps one
  // session under one name (DECISIONS 5), and does not push an own session out where few are allowed.
  const alive = await gateway.store.sessions.list(opening.user, gateway.runtime.now())
  const present = alive.find(({ sid }) => sid === session.sid)
  const again = present === undefined ? null : await renewSession(ask, gateway, present, opening)
  return again?.ok === true ? again.value : null
}

/** Ends a session that another one takes the place of. */
export async function endSession(
  ask: Ask,
  gateway: Gateway,
  session: Session,
  detail: Readonly<Record<string, string>>,
): Promise<void> {
  const audit = note(gateway, ask, 'sign-out', session.user, session.user, { sid: session.sid, ...detail })
  await gateway.store.sessions.revoke(session.key, 'signed-out', gateway.runtime.now(), audit)
  gateway.sessions.drop(session.tag)
}

/** The answer to a sign-in that an end of all sessions overtook: here, at the provider, or by a ban. */
export function overtaken(ask: Ask, gateway: Gateway, { transaction, outcome, cookies }: Proven): Answer {
  const { provider } = outcome.identity
  gateway.runtime.observe({ kind: 'sign-in', requestId: ask.requestId, provider, outcome: 'overtaken' })
  return refuse(ask, gateway, 'sign-in-interrupted', { restart: restartOf(transaction, gateway), headers: cookies })
}

/** The end of a sign-in: the session's cookie, the loop breaker's marker, and on to the destination. */
export async function arrive(
  ask: Ask,
  gateway: Gateway,
  proven: Proven,
  opened: Result<Opened, NotOpened>,
  outcome: 'known' | 'created' | 'promoted' | 'confirmed',
): Promise<Answer> {
  const { transaction, cookies } = proven
  if (!opened.ok) {
    if (opened.fault === 'changed') return overtaken(ask, gateway, proven)
    const fault = opened.fault === 'too-many' ? 'too-many-sessions' : 'session-invalid'
    return refuse(ask, gateway, fault, { headers: cookies })
  }
  const followed = await rememberProviderSession(ask, gateway, opened.value.session, proven.outcome)
  if (followed === 'over') return overtaken(ask, gateway, proven)
  const { provider } = proven.outcome.identity
  gateway.runtime.observe({ kind: 'sign-in', requestId: ask.requestId, provider, outcome })
  const first = outcome === 'created' ? gateway.config.firstVisitPage : null
  const destination =
    first === null ? transaction.returnTo : `${first}?return_to=${encodeURIComponent(transaction.returnTo)}`
  return go(destination, [...cookies, ['set-cookie', opened.value.setCookie], arrivedCookie(ask, gateway)])
}

/** The redirect that ends a callback: no page after it learns the callback's address (DECISIONS 18). */
export function go(destination: string, cookies: readonly (readonly [string, string])[]): Answer {
  const answer = redirect(303, destination, cookies)
  const headers = answer.headers.filter(([name]) => name !== 'referrer-policy')
  return { ...answer, headers: [...headers, ['referrer-policy', 'no-referrer']] }
}
