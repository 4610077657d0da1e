import type { Seconds, SessionKey, Sid, UserId } from '../../core/brand.ts'
import { ERA } from '../../core/era.ts'
import type { EndReason } from '../../core/person.ts'
import type { AuditNote } from '../../ports/audit.ts'
import { SHOWN_SECONDS } from '../../ports/token-store.ts'
import { record } from './chain.ts'
import type { Engine } from './driver.ts'
import { endOverdue, endWhere, liveSession, TOMBSTONE_SECONDS } from './ends.ts'
import { textOf } from './row.ts'

/** WHY: whoever was read before tells by it that all sessions ended, whatever else changed. */
const NEXT_ERA = `epoch = (epoch / ${ERA} + 1) * ${ERA}`

/** Ends one session, also by a key that was just replaced: ending is safe where changing is not. */
export function revokeSession(
  engine: Engine,
  key: SessionKey,
  reason: EndReason,
  now: Seconds,
  audit: AuditNote,
): boolean {
  const [former] = engine.sql.all('SELECT current FROM former_keys WHERE key = ? AND until > ?', key, now)
  const session = liveSession(engine, former === undefined ? key : (textOf(former, 'current') as SessionKey), now)
  if (session === null) return false
  endWhere(engine, reason, now, 'key = ?', session.key)
  record(engine, audit)
  return true
}

/** Ends one session of a user by its public name. */
export function revokeSid(
  engine: Engine,
  user: UserId,
  sid: Sid,
  reason: EndReason,
  now: Seconds,
  audit: AuditNote,
): boolean {
  endOverdue(engine, now)
  const ended = endWhere(engine, reason, now, 'user = ? AND sid = ?', user, sid)
  if (ended.length === 0) return false
  record(engine, audit)
  return true
}

/** Ends all sessions of a user but `except`; gives how many. What caches and leases hold of the user is stale. */
export function revokeUser(
  engine: Engine,
  user: UserId,
  reason: EndReason,
  now: Seconds,
  audit: AuditNote,
  except: Sid | null,
): number {
  endOverdue(engine, now)
  const ended = endWhere(engine, reason, now, 'user = ? AND sid <> ?', user, except ?? '')
  engine.sql.all(`UPDATE users SET ${NEXT_ERA} WHERE id = ?`, user)
  if (ended.length === 0) return 0
  record(engine, audit)
  return ended.length
}

/** Ends all sessions that play a character, in one world or in all. */
export function revokeCharacter(
  engine: Engine,
  id: string,
  world: string | null,
  now: Seconds,
  audit: AuditNote,
): number {
  endOverdue(engine, now)
  const ended =
    world === null
      ? endWhere(engine, 'kicked', now, 'character_id = ?', id)
      : endWhere(engine, 'kicked', now, 'character_id = ? AND world = ?', id, world)
  if (ended.length > 0) record(engine, audit)
  return ended.length
}

/** Takes a character that is no more from the sessions that play it; each remembers that it is gone. */
export function releaseCharacter(
  engine: Engine,
  id: string,
  world: string | null,
  now: Seconds,
  audit: AuditNote,
): number {
  endOverdue(engine, now)
  const released = engine.sql.all(
    `UPDATE sessions SET character = NULL, character_id = NULL, world = NULL, character_gone = 1, version = version + 1
       WHERE character_id = ? AND (? IS NULL OR world = ?) RETURNING sid`,
    id,
    world,
    world,
  )
  if (released.length > 0) record(engine, audit)
  return released.length
}

/**
 * Ends all sessions here, once for each generation.
 *
 * @param begunUntil - sessions begun later stay; only an order that is repeated after a crash sets it to the order's time
 */
export function revokeShard(engine: Engine, generation: number, now: Seconds, begunUntil: number): number {
  const [mark] = engine.sql.all("SELECT value FROM marks WHERE name = 'revoked'")
  if (mark !== undefined && Number(textOf(mark, 'value')) >= generation) return 0
  engine.sql.all("INSERT OR REPLACE INTO marks (name, value) VALUES ('revoked', ?)", String(generation))
  endOverdue(engine, now)
  engine.sql.all(
    `UPDATE users SET ${NEXT_ERA} WHERE id IN (SELECT user FROM sessions WHERE created_at <= ?)`,
    begunUntil,
  )
  return endWhere(engine, 'kicked', now, 'created_at <= ?', begunUntil).length
}

/** Removes what is over by time; gives how many sessions that were. */
export function sweepShard(engine: Engine, now: Seconds): number {
  const { sql } = engine
  const ended = endOverdue(engine, now)
  sql.all('DELETE FROM ended WHERE at <= ?', now - TOMBSTONE_SECONDS)
  sql.all('DELETE FROM former_keys WHERE until <= ?', now)
  sql.all('DELETE FROM logins WHERE expires_at <= ?', now)
  sql.all('DELETE FROM followers WHERE ends_at <= ?', now)
  sql.all('DELETE FROM tickets WHERE expires_at <= ?', now)
  sql.all('DELETE FROM rates WHERE resets_at <= ?', now)
  sql.all('DELETE FROM tokens WHERE expires_at <= ? AND (superseded = 1 OR expires_at <= ?)', now, now - SHOWN_SECONDS)
  // WHY: an upstream that answers late still counts; a day is longer than any answer takes.
  sql.all('DELETE FROM reservations WHERE held_until <= ?', now - 86_400)
  return ended
}
