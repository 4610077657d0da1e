import type { Seconds, SessionKey, Sid } from '../../core/brand.ts'
import type { Character, Session } from '../../core/person.ts'
import type { AuditNote } from '../../ports/audit.ts'
import type { Cap, Created, Found } from '../../ports/store.ts'
import { record } from './chain.ts'
import type { Engine } from './driver.ts'
import {
  cappedIdle,
  endExpired,
  endWhere,
  findSession,
  findUser,
  isOver,
  liveSession,
  TOMBSTONE_SECONDS,
} from './ends.ts'
import { factsOf } from './records.ts'
import { momentOf, textOf, wholeOf, wordOf } from './row.ts'

const REASONS = ['expired', 'signed-out', 'kicked', 'banned', 'evicted'] as const

/** Stores a session, enforces the cap and sets the user's last sign-in. */
export function createSession(engine: Engine, session: Session, cap: Cap | null, audit: AuditNote): Created {
  const { sql } = engine
  const user = findUser(engine, session.user)
  if (user === null) return { kind: 'no-user' }
  if (findSession(engine, session.key) !== null) return { kind: 'created', evicted: [] }
  if (sql.all('SELECT 1 FROM ended WHERE key = ?', session.key).length > 0) return { kind: 'changed' }
  if (session.basis !== undefined && session.basis.epoch !== user.epoch) return { kind: 'changed' }
  endWhere(engine, 'expired', session.createdAt, 'user = ? AND idle_until <= ?', session.user, session.createdAt)
  const room = cap === null ? Number.POSITIVE_INFINITY : Math.max(cap.max, 1)
  const [counted] = sql.all('SELECT count(*) AS running FROM sessions WHERE user = ?', session.user)
  const excess = (counted === undefined ? 0 : wholeOf(counted, 'running')) + 1 - room
  const spare = cap?.spare ?? ''
  if (excess > 0 && (cap?.excess === 'refuse' || othersOf(engine, session, spare) < excess)) return { kind: 'refused' }
  const evicted = excess > 0 ? evictOldest(engine, session, excess, spare) : []
  insertSession(engine, { ...session, idleUntil: cappedIdle(session.idleUntil, session.endsAt, user) as Seconds })
  sql.all('UPDATE users SET last_sign_in_at = max(last_sign_in_at, ?) WHERE id = ?', session.createdAt, session.user)
  record(engine, audit)
  return { kind: 'created', evicted }
}

function othersOf({ sql }: Engine, { user }: Session, spare: string): number {
  const [counted] = sql.all('SELECT count(*) AS others FROM sessions WHERE user = ? AND sid <> ?', user, spare)
  return counted === undefined ? 0 : wholeOf(counted, 'others')
}

function evictOldest(engine: Engine, session: Session, count: number, spare: string): readonly Sid[] {
  return endWhere(
    engine,
    'evicted',
    session.createdAt,
    'key IN (SELECT key FROM sessions WHERE user = ? AND sid <> ? ORDER BY created_at, sid LIMIT ?)',
    session.user,
    spare,
    count,
  )
}

function insertSession({ sql }: Engine, session: Session): void {
  const { character } = session
  sql.all(
    `INSERT INTO sessions (key, sid, user, tag, facts, created_at, auth_time, last_seen_at, idle_until, ends_at,
       character, character_id, world, character_gone, version)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    session.key,
    session.sid,
    session.user,
    session.tag,
    factsOf(session),
    session.createdAt,
    session.authTime,
    session.lastSeenAt,
    session.idleUntil,
    session.endsAt,
    character === null ? null : JSON.stringify(character),
    character === null ? null : character.id,
    character === null ? null : character.world,
    session.characterGone === true ? 1 : 0,
    session.version,
  )
}

/** What is known of a key, with the user: one round trip. A key that was replaced is live for reads while its grace lasts. */
export function readSession(engine: Engine, key: SessionKey, now: Seconds): Found {
  const found = readKey(engine, key, now, false)
  if (found.kind !== 'unknown') return found
  const [former] = engine.sql.all('SELECT current FROM former_keys WHERE key = ? AND until > ?', key, now)
  return former === undefined ? found : readKey(engine, textOf(former, 'current') as SessionKey, now, true)
}

function readKey(engine: Engine, key: SessionKey, now: Seconds, grace: boolean): Found {
  const session = findSession(engine, key)
  if (session !== null && !isOver(session, now)) {
    const user = findUser(engine, session.user)
    if (user !== null) return { kind: 'live', session, user, grace }
    engine.sql.all('DELETE FROM sessions WHERE key = ?', key)
    return { kind: 'unknown' }
  }
  if (session !== null) endExpired(engine, session)
  const [row] = engine.sql.all('SELECT reason, at FROM ended WHERE key = ? AND at > ?', key, now - TOMBSTONE_SECONDS)
  if (row === undefined) return { kind: 'unknown' }
  return { kind: 'ended', reason: wordOf(row['reason'], REASONS, 'reason'), at: momentOf(row, 'at') }
}

/** Moves last seen and the idle end, forwards only and never beyond the absolute end. */
export function extendSession(
  engine: Engine,
  key: SessionKey,
  version: number,
  seenAt: Seconds,
  idleUntil: Seconds,
): 'extended' | 'stale' | 'gone' {
  const session = liveSession(engine, key, seenAt)
  if (session === null) return 'gone'
  const user = findUser(engine, session.user)
  if (user === null) return 'gone'
  if (session.version !== version) return 'stale'
  // WHY: of two callers at once the one that saw the later traffic decides, in whichever order they arrive.
  if (seenAt < session.lastSeenAt) return 'extended'
  engine.sql.all(
    'UPDATE sessions SET last_seen_at = ?, idle_until = ? WHERE key = ?',
    seenAt,
    cappedIdle(idleUntil, session.endsAt, user),
    key,
  )
  return 'extended'
}

/** Replaces the key; the public name, the character and the place in lists stay. */
export function rotateSession(
  engine: Engine,
  old: SessionKey,
  fresh: Session,
  graceUntil: Seconds,
  audit: AuditNote,
): 'rotated' | 'gone' {
  const { sql } = engine
  const session = liveSession(engine, old, audit.at)
  if (session === null || session.user !== fresh.user) return 'gone'
  const user = findUser(engine, session.user)
  if (user === null) return 'gone'
  // INVARIANT: what another request changed since the caller read (the character) is not undone by a rotation.
  sql.all(
    `UPDATE sessions SET key = ?, facts = ?, auth_time = ?, last_seen_at = max(last_seen_at, ?), idle_until = ?,
       ends_at = ?, version = version + 1 WHERE key = ?`,
    fresh.key,
    factsOf(fresh),
    fresh.authTime,
    fresh.lastSeenAt,
    cappedIdle(fresh.idleUntil, fresh.endsAt, user),
    fresh.endsAt,
    old,
  )
  sql.all('UPDATE former_keys SET current = ? WHERE current = ?', fresh.key, old)
  sql.all('INSERT OR REPLACE INTO former_keys (key, current, until) VALUES (?, ?, ?)', old, fresh.key, graceUntil)
  record(engine, audit)
  return 'rotated'
}

/** Sets or clears the character of a running session; false when it is not running. */
export function selectCharacter(
  engine: Engine,
  key: SessionKey,
  character: Character | null,
  audit: AuditNote,
): boolean {
  const session = liveSession(engine, key, audit.at)
  if (session === null) return false
  const { id, name, world } = session.character ?? { id: null, name: null, world: null }
  const isSame =
    id === (character?.id ?? null) && name === (character?.name ?? null) && world === (character?.world ?? null)
  if (isSame && session.characterGone !== true) return true
  engine.sql.all(
    `UPDATE sessions SET character = ?, character_id = ?, world = ?, character_gone = 0, version = version + 1
       WHERE key = ?`,
    character === null ? null : JSON.stringify(character),
    character === null ? null : character.id,
    character === null ? null : character.world,
    key,
  )
  record(engine, audit)
  return true
}
