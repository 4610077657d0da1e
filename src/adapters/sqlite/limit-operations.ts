import type { Seconds, UserId } from '../../core/brand.ts'
import type { AuditNote } from '../../ports/audit.ts'
import type { Reservation } from '../../ports/limits.ts'
import { record } from './chain.ts'
import type { Engine } from './driver.ts'
import { textOf, wholeOf } from './row.ts'

/** Counts one hit; the window begins with its first hit. A refused hit is not counted. */
export function hitRate(
  { sql }: Engine,
  bucket: string,
  limit: number,
  windowSeconds: Seconds,
  now: Seconds,
): { readonly allowed: boolean; readonly retryAfter: number } {
  const [row] = sql.all('SELECT hits, resets_at FROM rates WHERE bucket = ? AND resets_at > ?', bucket, now)
  const hits = row === undefined ? 0 : wholeOf(row, 'hits')
  const latest = now + windowSeconds
  const known = row === undefined ? latest : wholeOf(row, 'resets_at')
  // WHY: of a clock that was put back, or of a longer window: nobody is locked out until then, and what was counted counts.
  const resetsAt = Math.min(known, latest)
  const isRefused = hits >= limit
  if (!isRefused || resetsAt !== known) {
    const counted = isRefused ? hits : hits + 1
    sql.all('INSERT OR REPLACE INTO rates (bucket, hits, resets_at) VALUES (?, ?, ?)', bucket, counted, resetsAt)
  }
  return isRefused ? { allowed: false, retryAfter: resetsAt - now } : { allowed: true, retryAfter: 0 }
}

function confirmed({ sql }: Engine, user: UserId, name: string): number {
  const [row] = sql.all('SELECT used FROM quotas WHERE user = ? AND name = ?', user, name)
  return row === undefined ? 0 : wholeOf(row, 'used')
}

function held({ sql }: Engine, user: UserId, name: string, now: Seconds): number {
  const [row] = sql.all(
    'SELECT count(*) AS held FROM reservations WHERE user = ? AND name = ? AND held_until > ?',
    user,
    name,
    now,
  )
  return row === undefined ? 0 : wholeOf(row, 'held')
}

function write({ sql }: Engine, user: UserId, name: string, used: number): void {
  sql.all('INSERT OR REPLACE INTO quotas (user, name, used) VALUES (?, ?, ?)', user, name, used)
}

/** Reserves one unit for a while, unless what is used and reserved has reached the limit. */
export function reserveQuota(
  engine: Engine,
  user: UserId,
  name: string,
  limit: number,
  now: Seconds,
  holdSeconds: Seconds,
): Reservation {
  const used = confirmed(engine, user, name) + held(engine, user, name, now)
  if (used >= limit) return { kind: 'exceeded', limit, used }
  const [row] = engine.sql.all(
    'INSERT INTO reservations (user, name, held_until) VALUES (?, ?, ?) RETURNING id',
    user,
    name,
    now + holdSeconds,
  )
  return { kind: 'reserved', id: String(row === undefined ? 0 : wholeOf(row, 'id')) }
}

/** Turns a reservation into use, once; also when it expired while the upstream took its time. */
export function confirmQuota(engine: Engine, id: string): void {
  const [row] = engine.sql.all('DELETE FROM reservations WHERE id = ? RETURNING user, name', Number(id))
  if (row === undefined) return
  const user = textOf(row, 'user') as UserId
  const name = textOf(row, 'name')
  write(engine, user, name, confirmed(engine, user, name) + 1)
}

/** Gives a reservation back. */
export function releaseQuota({ sql }: Engine, id: string): void {
  sql.all('DELETE FROM reservations WHERE id = ?', Number(id))
}

/** Lowers use by one, not below none; gives what is left. */
export function lowerQuota(engine: Engine, user: UserId, name: string): number {
  const used = Math.max(confirmed(engine, user, name) - 1, 0)
  write(engine, user, name, used)
  return used
}

/** Sets use. */
export function setQuota(engine: Engine, user: UserId, name: string, used: number, audit: AuditNote): void {
  write(engine, user, name, used)
  record(engine, audit)
}

/** What is used and reserved. */
export function usedQuota(engine: Engine, user: UserId, name: string, now: Seconds): number {
  return confirmed(engine, user, name) + held(engine, user, name, now)
}
