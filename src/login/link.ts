import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import { note } from '../session/note.ts'
import { go, type Proven } from './arrive.ts'
import { overBudget } from './budget.ts'
import { callerNow, isBearer, isBlocked, owner, type Person } from './caller.ts'
import { isStillSafe, type LinkWish, linkNext, returnToOf } from './destination.ts'
import { askAgain, FRESH_SECONDS, isFresh } from './fresh.ts'
import { restartOf } from './interrupted.ts'
import { leaveFor } from './start.ts'

/**
 * Begins to add another way to sign in to the signed-in account (seeds L1). A guest who does so becomes an account; a
 * sign-in that is too old is asked for first, and linking goes on by itself after it.
 *
 * @param form - `return_to` and `primary=1`, unchecked
 */
export async function startLink(
  ask: Ask,
  gateway: Gateway,
  providerId: string,
  form: URLSearchParams,
): Promise<Answer> {
  const called = await owner(ask, gateway, form)
  if ('answer' in called) return called.answer
  // WHY: the way through a provider is a browser's: it comes back with the cookie of the attempt.
  if (isBearer(ask)) return refuse(ask, gateway, 'not-navigation', { subject: called.who })
  const provider = gateway.providers.get(providerId)
  if (provider === undefined) return refuse(ask, gateway, 'unknown-provider', { subject: called.who })
  const asked = form.get('return_to')
  const returnTo = asked === null ? `${gateway.config.prefix}/account` : returnToOf(asked, gateway)
  if (returnTo === null) return refuse(ask, gateway, 'bad-return', { subject: called.who })
  const over = await overBudget(ask, gateway, 'start')
  if (over !== null) return over
  const { sid } = called.who.session
  if (called.who.user.guest)
    return leaveFor(ask, gateway, provider, { purpose: 'promote', returnTo, remember: false, sid })
  const primary = form.get('primary') === '1' ? 'primary' : 'secondary'
  const wish: LinkWish = { provider: provider.id, returnTo, primary }
  if (!isFresh(called.who, gateway)) return askAgain(ask, gateway, called.who, linkNext(wish, gateway))
  return leaveFor(ask, gateway, provider, departureOf(called.who, wish))
}

function departureOf(person: Person, wish: LinkWish) {
  // WHY: a link attempt opens no session to remember; there the flag says that the new identity becomes the primary one.
  const remember = wish.primary === 'primary'
  return { purpose: 'link', returnTo: wish.returnTo, remember, sid: person.session.sid } as const
}

/** Goes on to link after a re-authentication; `cookies` are those of the renewed session. */
export async function leaveToLink(
  ask: Ask,
  gateway: Gateway,
  person: Person,
  wish: LinkWish,
  cookies: readonly (readonly [string, string])[],
): Promise<Answer> {
  const provider = gateway.providers.get(wish.provider)
  // WHY: a provider that answers with an old `auth_time` would be asked for ever; the account page says how things stand.
  if (provider === undefined || !isFresh(person, gateway)) return go(`${gateway.config.prefix}/account`, cookies)
  return leaveFor(ask, gateway, provider, { ...departureOf(person, wish), cookies }, 'redirect')
}

/**
 * Adds a proven identity to the account that began the attempt, never by equal e-mail (seeds L1, L6).
 *
 * ATTACK: the attempt is bound to the session it began in: another session's answer links nothing.
 */
export async function linkIdentity(ask: Ask, gateway: Gateway, proven: Proven): Promise<Answer> {
  const { transaction, outcome, cookies } = proven
  const restart = restartOf(transaction, gateway)
  const person = await callerNow(ask, gateway)
  if (person === null) return refuse(ask, gateway, 'sign-in-interrupted', { restart, subject: null, headers: cookies })
  const { user, session } = person
  const say = { restart, subject: person, headers: cookies }
  if (session.sid !== transaction.sid) return refuse(ask, gateway, 'sign-in-interrupted', say)
  if (isBlocked(user, gateway)) return refuse(ask, gateway, 'account-suspended', say)
  if (transaction.createdAt - session.authTime > FRESH_SECONDS) return refuse(ask, gateway, 'session-stale', say)
  const { provider } = outcome.identity
  const rank = transaction.remember ? 'primary' : 'secondary'
  const audit = note(gateway, ask, 'identity-linked', user.id, user.id, { provider, rank })
  const now = gateway.runtime.now()
  const linked = await gateway.store.directory.link(user, outcome.identity, rank, now, audit)
  gateway.sessions.drop(user.tag)
  if (linked === 'taken') return refuse(ask, gateway, 'identity-taken', { ...say, restart: switchTo(provider) })
  if (linked === 'no-user') return refuse(ask, gateway, 'session-invalid', { headers: cookies })
  gateway.runtime.observe({ kind: 'sign-in', requestId: ask.requestId, provider, outcome: linked })
  return go(doneAt(transaction.returnTo, gateway), cookies)
}

/** WHY: only now: an attempt that came to nothing leads to the same page, which must not say that anything was saved. */
function doneAt(returnTo: string, gateway: Gateway): string {
  if (returnTo === `${gateway.config.prefix}/account`) return `${returnTo}?saved=1`
  return isStillSafe(returnTo, gateway) ? returnTo : '/'
}

/** Whoever owns the other account may sign in with it, and remove the identity there. */
function switchTo(provider: string) {
  return { provider, returnTo: '/' }
}
