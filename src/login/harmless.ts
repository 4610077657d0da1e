import { isSameEra } from '../core/era.ts'
import type { Standing, User } from '../core/person.ts'

function isSameStanding(before: Standing, now: Standing): boolean {
  if (before.kind !== 'suspended' || now.kind !== 'suspended') return before.kind === now.kind
  return before.until === now.until
}

/**
 * Whether what changed a user since they were read leaves a sign-in alone: roles, a profile or attributes, any number of
 * times. What does not is an end of all sessions, another standing, and becoming an account or a guest.
 */
export function isHarmless(before: User, now: User): boolean {
  return (
    before.guest === now.guest && isSameStanding(before.standing, now.standing) && isSameEra(before.epoch, now.epoch)
  )
}
