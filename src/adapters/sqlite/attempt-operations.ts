import { type Seconds, seconds } from '../../core/brand.ts'
import type { Ticket } from '../../ports/limits.ts'
import type { LoginTransaction } from '../../ports/login-store.ts'
import type { Engine, Row } from './driver.ts'
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

/** Stores a sign-in attempt. */
export function beginLogin({ sql }: Engine, transaction: LoginTransaction): void {
  const { key, expiresAt, posted, ...doc } = transaction
  sql.all(
    'INSERT INTO logins (key, doc, posted, expires_at) VALUES (?, ?, ?, ?)',
    key,
    JSON.stringify(doc),
    posted === null ? null : JSON.stringify(posted),
    expiresAt,
  )
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
