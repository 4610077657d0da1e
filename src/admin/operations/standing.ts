import type { Seconds } from '../../core/brand.ts'
import type { EndReason, Standing, User } from '../../core/person.ts'
import { ok } from '../../core/result.ts'
import { adminsOf, endOfLastAdmin, lastAdmin, PEOPLE, targetOf, unknownUser } from './authority.ts'
import { type Call, noteOf, type Outcome, refused } from './call.ts'
import { boundedText, moment, type Operation, operation, shownTime, userId } from './define.ts'
import type { View } from './views.ts'

const LONGEST_REASON = 300

/** Bans for good; every session of the person ends with it (seeds A14). */
export async function banUser(
  call: Call,
  input: { readonly user: string; readonly reason: string },
): Promise<Outcome<View>> {
  return stop(call, input.user, { kind: 'banned', reason: input.reason }, 'banned')
}

/** Suspends until a moment; every session ends, and the account comes back by itself. */
export async function suspendUser(
  call: Call,
  input: { readonly user: string; readonly until: Seconds | null; readonly reason: string },
): Promise<Outcome<View>> {
  const { until, reason } = input
  const now = call.gateway.runtime.now()
  if (until === null || until <= now)
    return refused('bad-body', 'give a moment that is still to come, such as 2027-01-31T12:00:00Z', { where: 'until' })
  return stop(call, input.user, { kind: 'suspended', until, reason }, 'banned')
}

async function stop(call: Call, id: string, standing: Standing, end: EndReason): Promise<Outcome<View>> {
  const target = await targetOf(call, id, PEOPLE)
  if (!target.ok) return target
  const user = target.value
  const { store, runtime, sessions } = call.gateway
  if (call.mode === 'rehearse') {
    const ending = (await store.sessions.list(user, runtime.now())).length
    return (await endOfLastAdmin(call, user)) ?? ok({ user: id, ...shown(standing), sessions_ended: ending })
  }
  const changed = await setStanding(call, user, standing)
  if (!changed.ok) return changed
  // INVARIANT: the standing is written first, so that a sign-in between the two steps is refused already.
  const audit = noteOf(call, 'session-revoked', user.id, { reason: end })
  const ended = await store.sessions.revokeUser(user, end, runtime.now(), audit)
  sessions.drop(user.tag)
  return ok({ user: id, ...shown(standing), changed: changed.value, sessions_ended: ended })
}

/** Lifts a ban or suspension; old sessions do not come back. */
export async function unbanUser(call: Call, input: { readonly user: string }): Promise<Outcome<View>> {
  const target = await targetOf(call, input.user, PEOPLE)
  if (!target.ok) return target
  if (call.mode === 'rehearse') return ok({ user: input.user, standing: 'active' })
  const changed = await setStanding(call, target.value, { kind: 'active' })
  return changed.ok ? ok({ user: input.user, standing: 'active', changed: changed.value }) : changed
}

async function setStanding(call: Call, user: User, standing: Standing): Promise<Outcome<boolean>> {
  const { store, runtime, sessions } = call.gateway
  const until = standing.kind === 'suspended' ? standing.until : null
  const audit = noteOf(call, 'standing-changed', user.id, { standing: standing.kind, until })
  const change = await store.directory.setStanding(user, standing, adminsOf(call), runtime.now(), audit)
  sessions.drop(user.tag)
  if (change.kind === 'no-user') return unknownUser(user.id)
  if (change.kind === 'last-admin') return lastAdmin()
  return ok(change.kind === 'changed')
}

function shown(standing: Standing): View {
  return standing.kind === 'suspended'
    ? { standing: standing.kind, until: shownTime(standing.until) }
    : { standing: standing.kind }
}

/** Operations about whether an account may be used. */
export const standingOperations: readonly Operation[] = [
  operation(
    { name: 'users.ban', effect: 'write', needs: 'ban' },
    (read) => ({ user: userId(read), reason: boundedText(read, 'reason', LONGEST_REASON) }),
    banUser,
  ),
  operation(
    { name: 'users.suspend', effect: 'write', needs: 'ban' },
    (read) => ({
      user: userId(read),
      until: moment(read, 'until'),
      reason: boundedText(read, 'reason', LONGEST_REASON),
    }),
    suspendUser,
  ),
  operation({ name: 'users.unban', effect: 'write', needs: 'ban' }, (read) => ({ user: userId(read) }), unbanUser),
]
