import type { RoleName, Seconds, Tag, UserId } from '../../core/brand.ts'
import type { UserRef } from '../../core/person.ts'
import type { AuditNote } from '../../ports/audit.ts'
import { record } from './chain.ts'
import type { Engine, Row } from './driver.ts'
import type { IdentityClaim, IndexChange, PersonEntry } from './index-change.ts'
import { momentOf, textOf, wholeOf, wordOf } from './row.ts'

/** Whose an identity is, and how sure that is: a claim is confirmed once the user's own shard has written it. */
export interface Claimed {
  readonly state: 'sign-up' | 'link' | 'confirmed'
  readonly user: UserRef
  readonly claimedAt: Seconds
  /** Number of the change that confirmed it in the user's shard: an older release does not undo it. */
  readonly stamp: number
  /** Whether this very call made the claim. */
  readonly fresh: 'fresh' | 'known'
}

function refIn(row: Row): UserRef {
  return { id: textOf(row, 'user') as UserId, tag: textOf(row, 'tag') as Tag }
}

function claimIn(row: Row): Claimed {
  return {
    state: wordOf(row['state'], ['sign-up', 'link', 'confirmed'], 'state'),
    user: refIn(row),
    claimedAt: momentOf(row, 'claimed_at'),
    stamp: wholeOf(row, 'stamp'),
    fresh: 'known',
  }
}

/** Whose an identity is; null when nobody's. */
export function lookUpIdentity({ sql }: Engine, issuer: string, subject: string): Claimed | null {
  const [row] = sql.all('SELECT * FROM identity_index WHERE issuer = ? AND subject = ?', issuer, subject)
  return row === undefined ? null : claimIn(row)
}

/** Claims an identity for a user unless it is somebody's already: one of two callers at once gets it. */
export function claimIdentity(
  engine: Engine,
  { issuer, subject, user }: IdentityClaim,
  state: 'sign-up' | 'link',
  now: Seconds,
): Claimed {
  const known = lookUpIdentity(engine, issuer, subject)
  if (known !== null) return known
  engine.sql.all(
    'INSERT INTO identity_index (issuer, subject, user, tag, state, claimed_at, stamp) VALUES (?, ?, ?, ?, ?, ?, 0)',
    issuer,
    subject,
    user.id,
    user.tag,
    state,
    now,
  )
  return { state, user, claimedAt: now, stamp: 0, fresh: 'fresh' }
}

/** Lets go of an identity, if it is still that user's and was not confirmed again since. */
export function releaseIdentity({ sql }: Engine, { issuer, subject, user }: IdentityClaim, stamp: number): void {
  sql.all(
    'DELETE FROM identity_index WHERE issuer = ? AND subject = ? AND user = ? AND stamp <= ?',
    issuer,
    subject,
    user.id,
    stamp,
  )
}

/**
 * Learns of a change in a shard; `lost` when the identity to confirm is somebody else's by now.
 *
 * @param stamp - number of the change in its shard
 */
export function settle(engine: Engine, change: IndexChange, stamp: number): 'settled' | 'lost' {
  const { sql } = engine
  if (change.demotion !== null) sql.all('DELETE FROM demotions WHERE id = ?', change.demotion)
  if (change.forget !== null) forget(engine, change.forget)
  if (change.release !== null) releaseIdentity(engine, change.release, stamp)
  if (change.confirm !== null && !confirm(engine, change.confirm, stamp)) return 'lost'
  if (change.person !== null) putPerson(engine, change.person)
  return 'settled'
}

function forget(engine: Engine, user: UserId): void {
  const { sql } = engine
  sql.all('DELETE FROM people WHERE user = ?', user)
  sql.all('DELETE FROM holders WHERE user = ?', user)
  sql.all('DELETE FROM identity_index WHERE user = ?', user)
  sql.all('INSERT OR IGNORE INTO forgotten (user) VALUES (?)', user)
}

function isForgotten({ sql }: Engine, user: UserId): boolean {
  return sql.all('SELECT 1 FROM forgotten WHERE user = ?', user).length > 0
}

function confirm(engine: Engine, { issuer, subject, user }: IdentityClaim, stamp: number): boolean {
  // WHY: a confirmation that comes after the person was removed has nothing to confirm and nothing to undo.
  if (isForgotten(engine, user.id)) return true
  const rows = engine.sql.all(
    `INSERT INTO identity_index (issuer, subject, user, tag, state, claimed_at, stamp)
     VALUES (?, ?, ?, ?, 'confirmed', 0, ?)
     ON CONFLICT DO UPDATE SET state = 'confirmed', stamp = max(stamp, excluded.stamp)
       WHERE user = excluded.user RETURNING 1`,
    issuer,
    subject,
    user.id,
    user.tag,
    stamp,
  )
  return rows.length > 0
}

function putPerson(engine: Engine, person: PersonEntry): void {
  const { sql } = engine
  if (isForgotten(engine, person.id)) return
  // INVARIANT: a change that comes late never undoes a later one: the epoch only rises.
  const rows = sql.all(
    `INSERT INTO people (user, tag, folded, guest_until, blocked_until, epoch) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET folded = excluded.folded, guest_until = excluded.guest_until,
       blocked_until = excluded.blocked_until, epoch = excluded.epoch WHERE excluded.epoch >= epoch RETURNING 1`,
    person.id,
    person.tag,
    person.folded,
    person.guestUntil,
    person.blockedUntil,
    person.epoch,
  )
  if (rows.length === 0) return
  sql.all('DELETE FROM holders WHERE user = ?', person.id)
  for (const role of new Set(person.roles)) sql.all('INSERT INTO holders (role, user) VALUES (?, ?)', role, person.id)
}

/** Where a person's records are; null for a stranger. */
export function whereIs({ sql }: Engine, user: UserId): UserRef | null {
  const [row] = sql.all('SELECT user, tag FROM people WHERE user = ?', user)
  return row === undefined ? null : refIn(row)
}

/** A person in a search, at a place in the list. */
export interface PersonPlace {
  readonly folded: string
  readonly user: UserRef
}

/** At most `limit` people whose searched name contains a text, by name, after a place. */
export function searchPeople(
  { sql }: Engine,
  text: string,
  after: { readonly folded: string; readonly id: string } | null,
  limit: number,
): readonly PersonPlace[] {
  const rows = sql.all(
    `SELECT user, tag, folded FROM people WHERE (folded, user) > (?, ?) AND instr(folded, ?) > 0
     ORDER BY folded, user LIMIT ?`,
    after?.folded ?? '',
    after?.id ?? '',
    text,
    limit,
  )
  return rows.map((row) => ({ folded: textOf(row, 'folded'), user: refIn(row) }))
}

/** Guest accounts that are over, the longest first, at most `limit`. */
export function overdueGuests({ sql }: Engine, now: Seconds, limit: number): readonly UserRef[] {
  return sql
    .all('SELECT user, tag FROM people WHERE guest_until <= ? ORDER BY guest_until LIMIT ?', now, limit)
    .map(refIn)
}

/**
 * Counts a user as no admin from now on, for a change that takes it away; null when nobody else would be left.
 * Callers come here one after another, so two admins cannot remove each other.
 */
export function claimDemotion(
  { sql }: Engine,
  user: UserRef,
  admins: readonly RoleName[],
  now: Seconds,
): number | null {
  const others = sql.all(
    `SELECT 1 FROM holders JOIN people USING (user)
     WHERE role IN (SELECT value FROM json_each(?)) AND user <> ? AND blocked_until <= ?
       AND (guest_until IS NULL OR guest_until > ?) AND user NOT IN (SELECT user FROM demotions) LIMIT 1`,
    JSON.stringify(admins),
    user.id,
    now,
    now,
  )
  if (others.length === 0) return null
  const [row] = sql.all(
    'INSERT INTO demotions (user, tag, claimed_at) VALUES (?, ?, ?) RETURNING id',
    user.id,
    user.tag,
    now,
  )
  return row === undefined ? null : wholeOf(row, 'id')
}

/** Takes back a claim whose change did not happen. */
export function releaseDemotion({ sql }: Engine, id: number): void {
  sql.all('DELETE FROM demotions WHERE id = ?', id)
}

/** A demotion that was claimed and not finished. */
export interface Demotion {
  readonly id: number
  readonly user: UserRef
}

/** Demotions claimed before a moment that nobody finished. */
export function openDemotions({ sql }: Engine, before: Seconds): readonly Demotion[] {
  return sql
    .all('SELECT id, user, tag FROM demotions WHERE claimed_at <= ?', before)
    .map((row) => ({ id: wholeOf(row, 'id'), user: refIn(row) }))
}

/** Identities claimed before a moment and never confirmed. */
export function openClaims({ sql }: Engine, before: Seconds): readonly IdentityClaim[] {
  return sql
    .all("SELECT * FROM identity_index WHERE state <> 'confirmed' AND claimed_at <= ? LIMIT 1000", before)
    .map((row) => ({ issuer: textOf(row, 'issuer'), subject: textOf(row, 'subject'), user: refIn(row) }))
}

/** Orders all shards to end all sessions; the order stands until each shard said that it did. */
export function orderRevocation(engine: Engine, shards: number, now: Seconds, audit: AuditNote): number {
  const { sql } = engine
  const [row] = sql.all("SELECT value FROM marks WHERE name = 'generation'")
  const generation = (row === undefined ? 0 : Number(textOf(row, 'value'))) + 1
  sql.all("INSERT OR REPLACE INTO marks (name, value) VALUES ('generation', ?)", String(generation))
  for (let shard = 0; shard < shards; shard++) {
    sql.all('INSERT INTO revocations (generation, shard, at) VALUES (?, ?, ?)', generation, shard, now)
  }
  record(engine, audit)
  return generation
}

/** Strikes an order off for the shards that carried it out. */
export function finishRevocation(engine: Engine, generation: number, shards: readonly number[]): void {
  for (const shard of shards) {
    engine.sql.all('DELETE FROM revocations WHERE generation = ? AND shard = ?', generation, shard)
  }
}

/** An order that a shard has not confirmed. */
export interface OpenRevocation {
  readonly generation: number
  readonly shard: number
  readonly at: Seconds
}

/** Orders that are not finished. */
export function openRevocations({ sql }: Engine): readonly OpenRevocation[] {
  return sql.all('SELECT generation, shard, at FROM revocations ORDER BY generation, shard').map((row) => ({
    generation: wholeOf(row, 'generation'),
    shard: wholeOf(row, 'shard'),
    at: momentOf(row, 'at'),
  }))
}

/** Appends a record that belongs to no user's shard. */
export function appendAudit(engine: Engine, note: AuditNote): void {
  record(engine, note)
}
