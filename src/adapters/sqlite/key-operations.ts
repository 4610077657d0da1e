import { type Seconds, seconds } from '../../core/brand.ts'
import type { AuditNote } from '../../ports/audit.ts'
import type { KeyEnd, StoredKey } from '../../ports/keys.ts'
import type { PolicyVersion } from '../../ports/policy-store.ts'
import { record } from './chain.ts'
import type { Engine, Row } from './driver.ts'
import { docOf, maybeMomentOf, maybeTextOf, memberText, memberWhole, momentOf, textOf, wholeOf, wordOf } from './row.ts'

function keyOf(row: Row): StoredKey {
  const doc = docOf(row, 'doc')
  return {
    kid: textOf(row, 'kid'),
    purpose: wordOf(row['purpose'], ['root', 'assertion', 'message'], 'purpose'),
    algorithm: memberText(doc, 'algorithm'),
    sealed: memberText(doc, 'sealed'),
    publicJwk: memberText(doc, 'publicJwk'),
    createdAt: momentOf(row, 'created_at'),
    activeAt: seconds(memberWhole(doc, 'activeAt')),
    retiredAt: maybeMomentOf(row, 'retired_at'),
  }
}

/** Keys of a purpose that are not retired, oldest first. */
export function listKeys({ sql }: Engine, purpose: StoredKey['purpose'], now: Seconds): readonly StoredKey[] {
  return sql
    .all(
      `SELECT * FROM keys WHERE purpose = ? AND (retired_at IS NULL OR retired_at > ?) ORDER BY created_at, place`,
      purpose,
      now,
    )
    .map(keyOf)
}

function insertKey({ sql }: Engine, key: StoredKey): void {
  const { kid, purpose, createdAt, retiredAt, ...doc } = key
  sql.all(
    `INSERT INTO keys (kid, purpose, doc, created_at, place, retired_at)
     VALUES (?, ?, ?, ?, (SELECT coalesce(max(place), 0) + 1 FROM keys), ?)`,
    kid,
    purpose,
    JSON.stringify(doc),
    createdAt,
    retiredAt,
  )
}

/** The keys of a purpose, with a fresh one when there were none: of several first callers one's key is everybody's. */
export function ensureKey(
  engine: Engine,
  purpose: StoredKey['purpose'],
  fresh: StoredKey,
  now: Seconds,
): readonly StoredKey[] {
  const known = listKeys(engine, purpose, now)
  if (known.length > 0) return known
  insertKey(engine, fresh)
  return listKeys(engine, purpose, now)
}

/** Adds a key and sets the end of others in the same step; answers the key that waits already when a second would. */
export function addKey(engine: Engine, key: StoredKey, ends: KeyEnd, audit: AuditNote): StoredKey | null {
  const open = listKeys(engine, key.purpose, audit.at)
  const waiting = open.find(({ kid, activeAt }) => kid !== ends.kid && activeAt > audit.at)
  if (key.activeAt > audit.at && waiting !== undefined) return waiting
  insertKey(engine, key)
  for (const { kid } of open) if (ends.kid === null || ends.kid === kid) setEnd(engine, kid, ends.at)
  record(engine, audit)
  return null
}

function setEnd({ sql }: Engine, kid: string, at: Seconds): boolean {
  return (
    sql.all('UPDATE keys SET retired_at = min(coalesce(retired_at, ?), ?) WHERE kid = ? RETURNING 1', at, at, kid)
      .length > 0
  )
}

/** Sets the end of a key; a moment that is over takes it out of use at once. False for an unknown key. */
export function retireKey(engine: Engine, kid: string, at: Seconds, audit: AuditNote): boolean {
  if (!setEnd(engine, kid, at)) return false
  record(engine, audit)
  return true
}

function activeHash({ sql }: Engine): string | null {
  const [row] = sql.all("SELECT value FROM marks WHERE name = 'active-policy'")
  return row === undefined ? null : textOf(row, 'value')
}

function setActive({ sql }: Engine, hash: string | null): void {
  sql.all("DELETE FROM marks WHERE name = 'active-policy'")
  if (hash !== null) sql.all("INSERT INTO marks (name, value) VALUES ('active-policy', ?)", hash)
}

function versionOf(engine: Engine, row: Row): PolicyVersion {
  const hash = textOf(row, 'hash')
  return {
    hash,
    parent: maybeTextOf(row, 'parent'),
    bundle: textOf(row, 'bundle'),
    pushedAt: momentOf(row, 'pushed_at'),
    active: activeHash(engine) === hash,
  }
}

/** Hash of the pushed policy in force. */
export function activePolicy(engine: Engine): string | null {
  return activeHash(engine)
}

/** A pushed policy version. */
export function readPolicy(engine: Engine, hash: string): PolicyVersion | null {
  const [row] = engine.sql.all('SELECT * FROM policies WHERE hash = ?', hash)
  return row === undefined ? null : versionOf(engine, row)
}

/** Stores a policy version and puts it in force when it says so. The same hash again is the same version, pushed later. */
export function pushPolicy(engine: Engine, version: PolicyVersion, audit: AuditNote): void {
  const { sql } = engine
  const [last] = sql.all('SELECT coalesce(max(place), 0) AS place FROM policies')
  sql.all(
    `INSERT INTO policies (hash, parent, bundle, pushed_at, place) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET parent = excluded.parent, pushed_at = excluded.pushed_at, place = excluded.place`,
    version.hash,
    version.parent,
    version.bundle,
    version.pushedAt,
    (last === undefined ? 0 : wholeOf(last, 'place')) + 1,
  )
  if (version.active) setActive(engine, version.hash)
  record(engine, audit)
}

/** Puts a stored version in force, or none; false when it is not stored. */
export function activatePolicy(engine: Engine, hash: string | null, audit: AuditNote): boolean {
  if (hash !== null && readPolicy(engine, hash) === null) return false
  setActive(engine, hash)
  record(engine, audit)
  return true
}

/** Pushed versions, newest first. */
export function policyHistory(engine: Engine, limit: number): readonly PolicyVersion[] {
  return engine.sql
    .all('SELECT * FROM policies ORDER BY place DESC LIMIT ?', limit)
    .map((row) => versionOf(engine, row))
}
