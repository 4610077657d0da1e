import { type Seconds, type Sid, seconds, type Tag, type UserId } from '../../core/brand.ts'
import type { Ticket } from '../../ports/limits.ts'
import type { Follower, LoginTransaction } from '../../ports/login-store.ts'
import type { Engine, Row, SqlValue } from './driver.ts'
import { docOf, memberFlag, memberMaybeText, memberText, memberWhole, momentOf, textOf, wordOf } from './row.ts'

const PURPOSES = ['sign-in', 'link', 'reauthenticate', 'promote'] as const

function transactionOf(row: Row): LoginTransaction {
  const doc = docOf(row, 'doc')
  const posted = row['posted'] === null ? null : docOf(row, 'posted')
  return {
    key: textOf(row, 'key'),
    provider: memberText(doc, 'provider'),
    purpose: wordOf(doc['purpose'], PURPOSES, 'purpose'),
    codeVerifier: memberText(doc, 'codeVerifier'),
    nonce: memberText(doc, 'nonce'),
    returnTo: memberText(doc, 'returnTo'),
    sid: memberMaybeText(doc, 'sid'),
    browser: memberText(doc, 'browser'),
    remember: memberFlag(doc, 'remember'),
    createdAt: seconds(memberWhole(doc, 'createdAt')),
    expiresAt: momentOf(row, 'expires_at'),
    posted: posted === null ? null : { code: memberText(posted, 'code'), extra: memberMaybeText(posted, 'extra') },
  }
}

function columnsOf(transaction: LoginTransaction): readonly SqlValue[] {
  const { key, expiresAt, posted, ...doc } = transaction
  return [key, JSON.stringify(doc), posted === null ? null : JSON.stringify(posted), expiresAt]
}

const PUT = `INSERT INTO logins (key, doc, posted, expires_at) VALUES (?, ?, ?, ?)
  ON CONFLICT (key) DO UPDATE SET doc = excluded.doc, posted = excluded.posted, expires_at = excluded.expires_at`

/** Stores a sign-in attempt, in the place of one with the same key. */
export function beginLogin({ sql }: Engine, transaction: LoginTransaction): void {
  sql.all(PUT, ...columnsOf(transaction))
}

/** Stores an attempt unless one is alive under its key; whether it did. */
export function claimLogin({ sql }: Engine, transaction: LoginTransaction, now: Seconds): boolean {
  return sql.all(`${PUT} WHERE logins.expires_at <= ? RETURNING 1`, ...columnsOf(transaction), now).length > 0
}

/** Keeps what a form-post provider sent; only the first time. */
export function attachLogin(
  { sql }: Engine,
  key: string,
  posted: { readonly code: string; readonly extra: string | null },
  now: Seconds,
): boolean {
  return (
    sql.all(
      'UPDATE logins SET posted = ? WHERE key = ? AND posted IS NULL AND expires_at > ? RETURNING 1',
      JSON.stringify(posted),
      key,
      now,
    ).length > 0
  )
}

/** Looks at an attempt without taking it. */
export function peekLogin({ sql }: Engine, key: string, now: Seconds): LoginTransaction | null {
  const [row] = sql.all('SELECT * FROM logins WHERE key = ? AND expires_at > ?', key, now)
  return row === undefined ? null : transactionOf(row)
}

/** Gives an attempt to exactly one caller. */
export function takeLogin({ sql }: Engine, key: string, now: Seconds): LoginTransaction | null {
  const [row] = sql.all('DELETE FROM logins WHERE key = ? RETURNING *', key)
  if (row === undefined) return null
  const taken = transactionOf(row)
  return taken.expiresAt <= now ? null : taken
}

function followerOf(row: Row): Follower {
  return {
    user: textOf(row, 'user') as UserId,
    tag: textOf(row, 'tag') as Tag,
    sid: textOf(row, 'sid') as Sid,
    endsAt: momentOf(row, 'ends_at'),
  }
}

/** Puts a session in front of those that follow one of a provider; those that had to go, because there were too many. */
export function followProvider(
  { sql }: Engine,
  key: string,
  { user, tag, sid, endsAt }: Follower,
  most: number,
  now: Seconds,
): readonly Follower[] {
  const before = sql
    .all('DELETE FROM followers WHERE key = ? AND (sid = ? OR ends_at <= ?) RETURNING *', key, sid, now)
    .map(followerOf)
  const until = Math.max(endsAt, ...before.filter((one) => one.sid === sid).map((one) => one.endsAt))
  sql.all(
    `INSERT INTO followers (key, sid, user, tag, ends_at, place)
      SELECT ?1, ?2, ?3, ?4, ?5, coalesce(max(place), 0) + 1 FROM followers WHERE key = ?1`,
    ...[key, sid, user, tag, until],
  )
  return sql
    .all(
      `DELETE FROM followers WHERE key = ?1 AND sid IN
        (SELECT sid FROM followers WHERE key = ?1 ORDER BY place DESC LIMIT -1 OFFSET ?2) RETURNING *`,
      ...[key, most],
    )
    .map(followerOf)
}

/** Sessions that follow one of a provider, the newest first. */
export function listFollowers({ sql }: Engine, key: string, now: Seconds): readonly Follower[] {
  return sql.all('SELECT * FROM followers WHERE key = ? AND ends_at > ? ORDER BY place DESC', key, now).map(followerOf)
}

/** Stores a one-time ticket. */
export function issueTicket({ sql }: Engine, ticket: Ticket): void {
  sql.all(
    'INSERT INTO tickets (hash, session_key, path, expires_at) VALUES (?, ?, ?, ?)',
    ticket.hash,
    ticket.sessionKey,
    JSON.stringify({ path: ticket.path }),
    ticket.expiresAt,
  )
}

/** Gives a ticket to exactly one caller. */
export function takeTicket({ sql }: Engine, hash: string, now: Seconds): Ticket | null {
  const [row] = sql.all('DELETE FROM tickets WHERE hash = ? RETURNING *', hash)
  if (row === undefined) return null
  const expiresAt = momentOf(row, 'expires_at')
  if (expiresAt <= now) return null
  return {
    hash: textOf(row, 'hash'),
    sessionKey: textOf(row, 'session_key'),
    path: memberText(docOf(row, 'path'), 'path'),
    expiresAt,
  }
}
