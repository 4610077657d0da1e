import type { Seconds, SessionKey, Sid, UserId } from '../../core/brand.ts'
import type { EndReason, Session, User } from '../../core/person.ts'
import type { Engine, SqlValue } from './driver.ts'
import { sessionOf, userOf } from './records.ts'
import { textOf } from './row.ts'

/** How long it is remembered why a session ended (seeds S28). */
export const TOMBSTONE_SECONDS = 86_400

/** A guest account without an end is over 24 hours after it began (seeds G3). */
const GUEST_SECONDS = 86_400

/** The user of an id in this database. */
export function findUser({ sql }: Engine, id: UserId): User | null {
  const [row] = sql.all('SELECT * FROM users WHERE id = ?', id)
  return row === undefined ? null : userOf(row)
}

/** The moment from which nothing of a guest account is valid; null for everybody else. */
export function guestUntil(user: User): number | null {
  return user.guest ? (user.endsAt ?? user.createdAt + GUEST_SECONDS) : null
}

/** The end of a session by idleness that neither passes its own absolute end nor its account's. */
export function cappedIdle(idleUntil: number, endsAt: number, user: User): number {
  return Math.min(idleUntil, endsAt, guestUntil(user) ?? endsAt)
}

/** The stored session of a key; null when there is none, whether or not it is over. */
export function findSession({ sql }: Engine, key: SessionKey): Session | null {
  const [row] = sql.all('SELECT * FROM sessions WHERE key = ?', key)
  return row === undefined ? null : sessionOf(row)
}

/** Whether a session is over (seeds S15). */
export function isOver(session: Session, now: Seconds): boolean {
  return Math.min(session.idleUntil, session.endsAt) <= now
}

/** A session of a key that is still running; one that is over is ended here (seeds S17). */
export function liveSession(engine: Engine, key: SessionKey, now: Seconds): Session | null {
  const session = findSession(engine, key)
  if (session === null || !isOver(session, now)) return session
  endExpired(engine, session)
  return null
}

/** Ends one session that is over by time. */
export function endExpired(engine: Engine, session: Session): void {
  const end = Math.min(session.idleUntil, session.endsAt) as Seconds
  endWhere(engine, 'expired', end, 'key = ?', session.key)
}

/** Ends every session that a condition names, with one tombstone each; gives their public names. */
export function endWhere(
  { sql }: Engine,
  reason: EndReason,
  at: Seconds,
  condition: string,
  ...params: readonly SqlValue[]
): readonly Sid[] {
  sql.all(
    `INSERT OR REPLACE INTO ended (key, reason, at) SELECT key, ?, ? FROM sessions WHERE ${condition}`,
    reason,
    at,
    ...params,
  )
  const rows = sql.all(`DELETE FROM sessions WHERE ${condition} RETURNING sid`, ...params)
  return rows.map((row) => textOf(row, 'sid') as Sid)
}

/** Ends every session that is over at `now`, each at its own end; gives how many. */
export function endOverdue({ sql }: Engine, now: Seconds): number {
  sql.all(
    `INSERT OR REPLACE INTO ended (key, reason, at) SELECT key, 'expired', idle_until FROM sessions WHERE idle_until <= ?`,
    now,
  )
  return sql.all('DELETE FROM sessions WHERE idle_until <= ? RETURNING 1', now).length
}
