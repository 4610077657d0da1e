import type { AuditNote } from '../../ports/audit.ts'
import type { Engine, Row, SqlDriver } from './driver.ts'
import { textOf, wholeOf } from './row.ts'

/** Where a chain stands: the place and hash of its last record. */
export interface ChainHead {
  readonly sequence: number
  readonly hash: string
}

/** The last record of this database, or the checkpoint that retention left. */
export function headOf({ sql }: Engine): ChainHead {
  const [row] = sql.all('SELECT sequence, hash FROM audit WHERE sequence = (SELECT max(sequence) FROM audit)')
  return row === undefined ? checkpointOf(sql) : headIn(row)
}

/** The record before the oldest that is kept: the beginning of what can be verified. */
export function checkpointOf(sql: SqlDriver): ChainHead {
  const [row] = sql.all('SELECT sequence, hash FROM audit_checkpoint')
  return row === undefined ? { sequence: 0, hash: '' } : headIn(row)
}

function headIn(row: Row): ChainHead {
  return { sequence: wholeOf(row, 'sequence'), hash: textOf(row, 'hash') }
}

/** The bytes that are hashed: the record without its hash, members and details in order, no blanks. */
export function canonicalEntry(note: AuditNote, chain: string, sequence: number): string {
  const { actor, at, event, policy, requestId, subject } = note
  return JSON.stringify({
    actor,
    at,
    chain,
    detail: inOrder(note.detail),
    event,
    policy,
    requestId,
    sequence,
    subject,
  })
}

function inOrder<T>(members: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(members).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Appends a record to the chain of this database; called inside the operation whose change it tells of. */
export function record(engine: Engine, given: AuditNote): void {
  const note = { ...given, subject: wellFormed(given.subject) }
  const head = headOf(engine)
  const sequence = head.sequence + 1
  const entry = canonicalEntry(note, engine.chain, sequence)
  const hash = engine.digest(head.hash + entry)
  engine.sql.all(
    'INSERT INTO audit (sequence, at, event, subject, entry, hash) VALUES (?, ?, ?, ?, ?, ?)',
    sequence,
    note.at,
    note.event,
    note.subject,
    entry,
    hash,
  )
}

/**
 * A value as a column holds it.
 *
 * ATTACK: JSON keeps half a surrogate pair, UTF-8 cannot: the column would never again say what the record says.
 */
export function wellFormed<T>(value: T): T {
  return typeof value === 'string' ? (value.toWellFormed() as T) : value
}
