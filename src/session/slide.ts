import type { Session, User } from '../core/person.ts'
import type { Gateway } from '../ports/gateway.ts'
import { knownRoles, lifeOf, slidTo } from './life.ts'

/** Moves last-seen and the idle end after activity: in the background, at most once a minute (seeds S14). */
export function slide(gateway: Gateway, user: User, session: Session): void {
  const now = gateway.runtime.now()
  // WHY: a life shorter than a few minutes would end in the middle of traffic that is written once a minute.
  const every = Math.min(gateway.config.session.touchSeconds, Math.floor((session.idleUntil - session.lastSeenAt) / 4))
  if (now - session.lastSeenAt < every || !gateway.sessions.claimTouch(session.sid, now, every)) return
  gateway.runtime.background(touch(gateway, user, session))
}

/** The same at once: the heartbeat (seeds S22). */
export async function touch(gateway: Gateway, user: User, session: Session): Promise<void> {
  const now = gateway.runtime.now()
  const roles = knownRoles(gateway.policy().bundle, user)
  const remember = session.basis?.remember ?? 'forget'
  const idleUntil = slidTo(lifeOf(gateway.config.session, roles, remember), session, now)
  const moved = await gateway.store.sessions.extend(session.key, session.version, now, idleUntil)
  if (moved !== 'stale') return
  // WHY: somebody changed the session since it was read; what is remembered is old, and the next request moves the end.
  gateway.sessions.drop(session.tag)
  gateway.sessions.releaseTouch(session.sid)
}
