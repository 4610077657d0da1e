import type { UserId } from '../../core/brand.ts'
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
export function canonicalEntry(note: AuditNote, chain: string, sequence: number, seal: string | null): string {
  const { actor, at, event, policy, requestId, subject } = note
  const personal = seal === null ? {} : { personal: seal }
  return JSON.stringify({
    actor,
    at,
    chain,
    detail: inOrder(note.detail),
    event,
    ...personal,
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
export function record(engine: Engine, note: AuditNote): void {
  const head = headOf(engine)
  const sequence = head.sequence + 1
  const seal = sealPersonal(engine, note, sequence)
  const entry = canonicalEntry(note, engine.chain, sequence, seal)
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

/** Puts what is personal beside the chain; gives the salted hash that goes into it. */
function sealPersonal({ sql, digest }: Engine, { personal, subject }: AuditNote, sequence: number): string | null {
  if (personal === undefined || personal === null || subject === null) return null
  // WHY: nothing personal is written of somebody who was removed meanwhile; nobody would remove it again.
  if (
    sql.all('SELECT 1 FROM graves WHERE id = ? UNION SELECT 1 FROM forgotten WHERE user = ?', subject, subject).length >
    0
  ) {
    return null
  }
  const [row] = sql.all('SELECT lower(hex(randomblob(16))) AS salt')
  const salt = row === undefined ? '' : textOf(row, 'salt')
  const fields = JSON.stringify(inOrder(personal))
  sql.all(
    'INSERT INTO audit_personal (sequence, subject, salt, fields) VALUES (?, ?, ?, ?)',
    sequence,
    subject,
    salt,
    fields,
  )
  return digest(salt + fields)
}

/** Removes what is personal about somebody; the chain keeps a hash that says nothing without its salt. */
export function erasePersonal({ sql }: Engine, subject: UserId): void {
  sql.all('DELETE FROM audit_personal WHERE subject = ?', subject)
}
