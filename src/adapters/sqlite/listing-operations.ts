import { type Seconds, seconds, type UserId } from '../../core/brand.ts'
import type { Character, Session } from '../../core/person.ts'
import type { ListedSession } from '../../ports/store.ts'
import type { Engine, Row } from './driver.ts'
import { endOverdue } from './ends.ts'
import { characterIn, profileOf, sessionOf } from './records.ts'
import { docOf, wholeOf } from './row.ts'

/** Running sessions of one user, oldest first. */
export function listSessions({ sql }: Engine, user: UserId, now: Seconds): readonly Session[] {
  return sql
    .all('SELECT * FROM sessions WHERE user = ? AND idle_until > ? ORDER BY created_at, sid', user, now)
    .map(sessionOf)
}

/** A place in a list of sessions: what comes after it is younger. */
export interface SessionPlace {
  readonly createdAt: number
  readonly sid: string
}

/** At most `limit` running sessions, oldest first, after a place; all worlds when `world` is null. */
export function listAllSessions(
  { sql }: Engine,
  world: string | null,
  after: SessionPlace | null,
  limit: number,
  now: Seconds,
): readonly ListedSession[] {
  const place = after ?? { createdAt: -1, sid: '' }
  const params = [place.createdAt, place.sid, now, limit]
  const tail = `(s.created_at, s.sid) > (?, ?) AND s.idle_until > ? ORDER BY s.created_at, s.sid LIMIT ?`
  const from = 'SELECT s.*, u.profile FROM sessions s JOIN users u ON u.id = s.user'
  const rows =
    world === null
      ? sql.all(`${from} WHERE ${tail}`, ...params)
      : sql.all(`${from} WHERE s.world = ? AND ${tail}`, world, ...params)
  return rows.map((row: Row) => ({ session: sessionOf(row), userName: profileOf(docOf(row, 'profile')).name }))
}

/** How many sessions run here, and how many of them were seen since; never looks at a session that is not over. */
export function countSessions(
  engine: Engine,
  now: Seconds,
  activeWithin: number,
): { readonly active: number; readonly total: number } {
  endOverdue(engine, now)
  const [all] = engine.sql.all("SELECT amount FROM totals WHERE name = 'sessions'")
  const total = all === undefined ? 0 : wholeOf(all, 'amount')
  if (activeWithin === 0) return { active: total, total }
  const [recent] = engine.sql.all(
    'SELECT coalesce(sum(sessions), 0) AS amount FROM seen WHERE at >= ?',
    seconds(now - activeWithin),
  )
  return { active: recent === undefined ? 0 : wholeOf(recent, 'amount'), total }
}

/** Whether a user has a running session, and the worlds of those that play. */
export function presenceOf(
  { sql }: Engine,
  user: UserId,
  now: Seconds,
): { readonly online: boolean; readonly worlds: readonly string[] } {
  const rows = sql.all('SELECT character FROM sessions WHERE user = ? AND idle_until > ?', user, now)
  const worlds = rows.flatMap((row) => characterIn(row)?.world ?? [])
  return { online: rows.length > 0, worlds: [...new Set(worlds)].sort() }
}

/** Distinct characters that play in a world, by id; of two spellings of a name the later selection's is given. */
export function charactersHere({ sql }: Engine, world: string, now: Seconds): readonly Character[] {
  const rows = sql.all(
    'SELECT character FROM sessions WHERE world = ? AND idle_until > ? ORDER BY created_at, sid',
    world,
    now,
  )
  return [...new Map(rows.flatMap((row) => characterIn(row) ?? []).map((one) => [one.id, one])).values()]
}
