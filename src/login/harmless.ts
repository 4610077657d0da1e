import type { User } from '../core/person.ts'

/** What of a user a change may touch without a word on sessions, in one spelling. */
function visible({ roles, primaryRole, profile, attributes }: User): string {
  const { name, email, emailVerified, picture } = profile
  const own = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([roles, primaryRole, name, email, emailVerified, picture, own])
}

/**
 * Whether what changed a user since they were read leaves a sign-in alone: one change, and one that is seen, such as of
 * roles or attributes. What is not seen is an end of all sessions.
 *
 * INVARIANT: each change raises the epoch by one, so that no end of sessions hides behind another change.
 */
export function isHarmless(before: User, now: User): boolean {
  const isSameAccount = before.standing.kind === now.standing.kind && before.guest === now.guest
  return isSameAccount && now.epoch === before.epoch + 1 && visible(before) !== visible(now)
}
