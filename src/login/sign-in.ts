import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { ProvenIdentity } from '../ports/store.ts'
import { noteSignInRefusal } from '../session/refusals.ts'
import { admit, expectedPerson } from './admit.ts'
import { arrive, openingOf, openOrRenew, type Proven } from './arrive.ts'
import { fullHouse } from './budget.ts'
import { callerNow, isBlocked, type Person } from './caller.ts'
import { takeClaims } from './claims.ts'
import { restartOf } from './interrupted.ts'
import { signInGuest } from './promote.ts'

/** Signs a proven person in: find or create the user, open the session, go where they wanted to go (seeds P3, P5). */
export async function signIn(ask: Ask, gateway: Gateway, proven: Proven): Promise<Answer> {
  const caller = await callerNow(ask, gateway)
  const promoted = caller?.user.guest === true ? await signInGuest(ask, gateway, proven, caller) : null
  if (promoted !== null && promoted !== 'no-guest') return promoted
  const before = promoted === null ? caller : await callerNow(ask, gateway)
  if (promoted === 'no-guest' && before?.user.guest !== false)
    return refuse(ask, gateway, 'session-invalid', { headers: proven.cookies })
  if (before !== null && (await isLate(gateway, proven, before))) {
    const restart = restartOf(proven.transaction, gateway)
    return refuse(ask, gateway, 'sign-in-interrupted', { restart, subject: before, headers: proven.cookies })
  }
  const full = before === null ? await noRoomFor(ask, gateway, proven.outcome.identity) : null
  if (full !== null) return { ...full, headers: [...full.headers, ...proven.cookies] }
  const admitted = await admit(ask, gateway, proven.outcome)
  const { provider } = proven.outcome.identity
  if (admitted.kind === 'closed') {
    noteSignInRefusal(ask, gateway, provider, 'signup-closed', null)
    return refuse(ask, gateway, 'signup-closed', { headers: proven.cookies })
  }
  if (isBlocked(admitted.user, gateway)) {
    noteSignInRefusal(ask, gateway, provider, 'account-suspended', admitted.user.id)
    return refuse(ask, gateway, 'account-suspended', { standing: admitted.user.standing, headers: proven.cookies })
  }
  const user = await takeClaims(ask, gateway, admitted.user, proven.outcome)
  const opened = await openOrRenew(ask, gateway, before, openingOf(gateway, user, proven))
  return arrive(ask, gateway, proven, opened, admitted.kind)
}

/**
 * Whether a guest began this attempt who became an account in another tab meanwhile, by another proof.
 *
 * WHY: it was begun to keep what the guest played; a second account would take this browser away from the first.
 */
async function isLate(gateway: Gateway, { transaction, outcome }: Proven, { user, session }: Person): Promise<boolean> {
  if (transaction.purpose !== 'promote' || session.sid !== transaction.sid) return false
  const known = await gateway.store.directory.find(outcome.identity.issuer, outcome.identity.subject)
  return known?.id !== user.id
}

/** The 503 of a full house for whoever holds none of the roles that are let in all the same; null while there is room. */
async function noRoomFor(ask: Ask, gateway: Gateway, identity: ProvenIdentity): Promise<Answer | null> {
  const exempt = gateway.config.load.exempt ?? []
  const full = exempt.length === 0 ? null : await fullHouse(ask, gateway, 'signIns')
  if (full === null) return null
  const known = await gateway.store.directory.find(identity.issuer, identity.subject)
  const user = known === null ? null : await gateway.store.directory.read(known.id)
  const roles: readonly string[] = user?.roles ?? expectedPerson(gateway, identity)?.roles ?? []
  return roles.some((role) => exempt.includes(role)) ? null : full
}
