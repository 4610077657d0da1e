import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import { arrive, openingOf, openOrRenew, type Proven } from './arrive.ts'
import { callerNow, isBlocked, type Person } from './caller.ts'
import { isStillSafe, nextLink } from './destination.ts'
import { interrupted, restartOf } from './interrupted.ts'
import { leaveToLink } from './link.ts'

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
  if (known === null) return refuse(ask, gateway, 'sign-in-refused', { restart, subject: person, headers: cookies })
  if (known.id !== person.user.id)
    return refuse(ask, gateway, 'identity-taken', { restart, subject: person, headers: cookies })
  if (isBlocked(person.user, gateway))
    return refuse(ask, gateway, 'account-suspended', { subject: person, headers: cookies })
  const remember = person.session.basis?.remember ?? 'forget'
  const opened = await openOrRenew(ask, gateway, person, { ...openingOf(gateway, person.user, proven), remember })
  const wish = nextLink(transaction, gateway)
  if (wish === null || !opened.ok) {
    const returnTo = safeDestination(proven, gateway)
    return arrive(ask, gateway, { ...proven, transaction: { ...transaction, returnTo } }, opened, 'confirmed')
  }
  const renewed: Person = { ...person, session: opened.value.session }
  const before = [...cookies, ['set-cookie', opened.value.setCookie] as const]
  return leaveToLink(ask, gateway, renewed, wish, before)
}

function safeDestination({ transaction }: Proven, gateway: Gateway): string {
  const { returnTo } = transaction
  return isStillSafe(returnTo, gateway) ? returnTo : `${gateway.config.prefix}/account`
}
