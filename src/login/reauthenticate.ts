import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import type { FaultKind } from '../core/fault.ts'
import { type RefusalDetails, refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import { noteSignInRefusal } from '../session/refusals.ts'
import { arrive, openingOf, openOrRenew, overtaken, type Proven, provenAt } from './arrive.ts'
import { callerNow, isBlocked, type Person } from './caller.ts'
import { isStillSafe, nextLink } from './destination.ts'
import { interrupted, restartOf } from './interrupted.ts'
import { leaveToLink } from './link.ts'
import { rememberProviderSession } from './provider-session.ts'

/** A provider's clock may differ from ours by so many seconds. */
const CLOCK_SECONDS = 60

/**
 * The person who is signed in proved it again: the session is renewed, and what waited for it goes on.
 *
 * ATTACK: only an identity of this very account counts; any other one changes nothing, and opens no account.
 */
export async function reauthenticate(ask: Ask, gateway: Gateway, proven: Proven): Promise<Answer> {
  const { transaction, outcome, cookies } = proven
  const person = await callerNow(ask, gateway)
  if (person === null || person.session.sid !== transaction.sid) {
    const answer = await interrupted(ask, gateway, { ...transaction, returnTo: safeDestination(proven, gateway) })
    return { ...answer, headers: [...answer.headers, ...cookies] }
  }
  const known = await gateway.store.directory.find(outcome.identity.issuer, outcome.identity.subject)
  const restart = restartOf(transaction, gateway)
  const refused = (why: FaultKind, details: RefusalDetails): Answer => {
    noteSignInRefusal(ask, gateway, transaction.provider, why, person.user.id)
    return refuse(ask, gateway, why, { ...details, subject: person, headers: cookies })
  }
  if (known === null) return refused('sign-in-refused', { restart })
  if (known.id !== person.user.id) return refused('identity-taken', { restart })
  if (isBlocked(person.user, gateway)) return refused('account-suspended', {})
  if (isHollow(proven, gateway)) {
    const again = { provider: transaction.provider, returnTo: safeDestination(proven, gateway) }
    return refused('presence-unproven', { restart: again })
  }
  const remember = person.session.basis?.remember ?? 'forget'
  const opened = await openOrRenew(ask, gateway, person, { ...openingOf(gateway, person.user, proven), remember })
  const wish = nextLink(transaction, gateway)
  if (wish === null || !opened.ok) {
    const returnTo = safeDestination(proven, gateway)
    return arrive(ask, gateway, { ...proven, transaction: { ...transaction, returnTo } }, opened, 'confirmed')
  }
  const renewed: Person = { ...person, session: opened.value.session }
  const followed = await rememberProviderSession(ask, gateway, renewed.session, outcome)
  if (followed === 'over') return overtaken(ask, gateway, proven)
  const before = [...cookies, ['set-cookie', opened.value.setCookie] as const]
  return leaveToLink(ask, gateway, renewed, wish, before)
}

/**
 * Whether a confirmation confirms nothing: the provider states an older proof although it was asked for a new one, or a
 * rule waits for a proof and the provider gives none. What waits on an own page asks for a recent sign-in alone, and
 * that it was.
 *
 * ATTACK: `prompt=login` and `max_age` travel through the browser, where they can be cut out; `auth_time` cannot.
 */
function isHollow(proven: Proven, gateway: Gateway): boolean {
  const { outcome, transaction } = proven
  if (outcome.authTime !== null) return outcome.authTime < transaction.createdAt - CLOCK_SECONDS
  const isForOwnPage = transaction.returnTo.startsWith(`${gateway.config.prefix}/`)
  return !isForOwnPage && provenAt(gateway, proven) === null
}

function safeDestination({ transaction }: Proven, gateway: Gateway): string {
  const { returnTo } = transaction
  return isStillSafe(returnTo, gateway) ? returnTo : `${gateway.config.prefix}/account`
}
