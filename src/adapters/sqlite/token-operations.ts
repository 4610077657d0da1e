import type { Permission, Seconds, UserId } from '../../core/brand.ts'
import type { AuditNote } from '../../ports/audit.ts'
import { type ApiToken, type FoundToken, SHOWN_SECONDS } from '../../ports/token-store.ts'
import { record } from './chain.ts'
import type { Engine, Row } from './driver.ts'
import { findUser } from './ends.ts'
import { docOf, maybeMomentOf, memberText, memberWhole, momentOf, textOf, Unreadable, wholeOf } from './row.ts'

function tokenOf(row: Row): ApiToken {
  const doc = docOf(row, 'doc')
  const scopes = doc['scopes']
  if (scopes !== null && !(Array.isArray(scopes) && scopes.every((one) => typeof one === 'string'))) {
    throw new Unreadable('member scopes is not a list')
  }
  return {
    id: textOf(row, 'id'),
    key: textOf(row, 'key'),
    owner: textOf(row, 'owner') as UserId,
    name: memberText(doc, 'name'),
    description: memberText(doc, 'description'),
    scopes: scopes as readonly Permission[] | null,
    createdAt: momentOf(row, 'created_at'),
    expiresAt: maybeMomentOf(row, 'expires_at'),
    lastUsedAt: maybeMomentOf(row, 'last_used_at'),
    uses: wholeOf(row, 'uses'),
    hourlyLimit: doc['hourlyLimit'] === null ? null : memberWhole(doc, 'hourlyLimit'),
  }
}

function insertToken({ sql }: Engine, token: ApiToken): void {
  const { name, description, scopes, hourlyLimit } = token
  sql.all(
    `INSERT INTO tokens (key, id, owner, doc, created_at, expires_at, last_used_at, uses, superseded)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)`,
    token.key,
    token.id,
    token.owner,
    JSON.stringify({ name, description, scopes, hourlyLimit }),
    token.createdAt,
    token.expiresAt,
    token.lastUsedAt,
    token.uses,
  )
}

/** Stores a token of a user who has fewer than `most` that live; what is over makes room for it. */
export function createToken(
  engine: Engine,
  owner: UserId,
  token: ApiToken,
  most: number,
  audit: AuditNote,
): 'created' | 'no-user' | 'full' {
  const { sql } = engine
  if (findUser(engine, owner) === null) return 'no-user'
  const live = sql.all(
    'SELECT 1 FROM tokens WHERE owner = ? AND superseded = 0 AND (expires_at IS NULL OR expires_at > ?) LIMIT ?',
    owner,
    audit.at,
    most,
  ).length
  if (live >= most) return 'full'
  sql.all(
    `DELETE FROM tokens WHERE key IN (
       SELECT key FROM tokens WHERE owner = ? AND superseded = 0 AND expires_at <= ?
       ORDER BY expires_at DESC, key LIMIT -1 OFFSET ?)`,
    owner,
    audit.at,
    most - live - 1,
  )
  insertToken(engine, { ...token, owner })
  record(engine, audit)
  return 'created'
}

/** A token and its owner in one read; what is over or revoked is unknown. */
export function readToken(engine: Engine, key: string, now: Seconds): FoundToken {
  const [row] = engine.sql.all('SELECT * FROM tokens WHERE key = ?', key)
  if (row === undefined) return { kind: 'unknown' }
  const token = tokenOf(row)
  if (token.expiresAt !== null && token.expiresAt <= now) return { kind: 'unknown' }
  const owner = findUser(engine, token.owner)
  return owner === null ? { kind: 'unknown' } : { kind: 'live', token, owner }
}

/** Adds uses since the last time; last used only moves forwards. */
export function touchToken({ sql }: Engine, key: string, now: Seconds, uses: number): void {
  sql.all(
    'UPDATE tokens SET last_used_at = max(coalesce(last_used_at, 0), ?), uses = uses + ? WHERE key = ?',
    now,
    uses,
    key,
  )
}

/** Tokens of a user, oldest first; not those that were replaced and only live on, nor those over for a day. */
export function listTokens({ sql }: Engine, owner: UserId, now: Seconds): readonly ApiToken[] {
  return sql
    .all(
      `SELECT * FROM tokens WHERE owner = ? AND superseded = 0 AND (expires_at IS NULL OR expires_at > ?)
       ORDER BY created_at, id`,
      owner,
      now - SHOWN_SECONDS,
    )
    .map(tokenOf)
}

/** Replaces a token: the old one takes the new one's id, so that ending the new one ends both. */
export function rotateToken(
  engine: Engine,
  owner: UserId,
  id: string,
  fresh: ApiToken,
  overlapUntil: Seconds,
  audit: AuditNote,
): 'rotated' | 'unknown' {
  const { sql } = engine
  const rows = sql.all(
    `UPDATE tokens SET id = ?, superseded = 1, expires_at = min(coalesce(expires_at, ?), ?)
     WHERE owner = ? AND id = ? AND superseded = 0 AND (expires_at IS NULL OR expires_at > ?) RETURNING 1`,
    fresh.id,
    overlapUntil,
    overlapUntil,
    owner,
    id,
    audit.at,
  )
  if (rows.length === 0) return 'unknown'
  sql.all('UPDATE tokens SET id = ? WHERE owner = ? AND id = ?', fresh.id, owner, id)
  insertToken(engine, { ...fresh, owner })
  record(engine, audit)
  return 'rotated'
}

/** Ends a token, and what it replaced. */
export function revokeToken(engine: Engine, owner: UserId, id: string, audit: AuditNote): boolean {
  const rows = engine.sql.all('DELETE FROM tokens WHERE owner = ? AND id = ? RETURNING 1', owner, id)
  if (rows.length === 0) return false
  record(engine, audit)
  return true
}
