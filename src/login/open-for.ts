import type { Ask } from '../core/ask.ts'
import type { Result } from '../core/result.ts'
import type { Gateway } from '../ports/gateway.ts'
import { type Opened, type Opening, openSession } from '../session/open.ts'
import { isHarmless } from './harmless.ts'

/** How often changes of a user may come between: more than that at once are made by nobody who means them. */
export const TRIES = 10

/**
 * Opens a session for somebody who was read a moment ago. What changed them since is looked at, and taken over where it
 * says nothing against a sign-in.
 *
 * WHY: a game that writes attributes at this moment, or another tab that brings a new profile, must not send its player
 * round again.
 *
 * @returns as `openSession`; `changed` when the user was banned or signed out everywhere meanwhile
 */
export async function openFor(
  ask: Ask,
  gateway: Gateway,
  opening: Opening,
): Promise<Result<Opened, 'too-many' | 'no-user' | 'changed'>> {
  let { user } = opening
  for (let left = TRIES; ; left--) {
    const opened = await openSession(ask, gateway, { ...opening, user })
    if (opened.ok || opened.fault !== 'changed' || left === 0) return opened
    const now = await gateway.store.directory.read(user.id)
    // INVARIANT: held against who was looked at in the beginning: that account was let in.
    if (now === null || !isHarmless(opening.user, now)) return opened
    user = now
  }
}
