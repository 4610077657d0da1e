import { type Seconds, seconds, type UserId } from '../../core/brand.ts'
import type { AuditEvent, AuditFilter, AuditRecord, Checkpoint, SignedCheckpoint } from '../../ports/audit.ts'
import { type ChainHead, checkpointOf, headOf, wellFormed } from './chain.ts'
import type { Engine, Row } from './driver.ts'
import {
  type Doc,
  docOf,
  maybeTextOf,
  memberMaybeText,
  memberText,
  memberWhole,
  textOf,
  Unreadable,
  wholeOf,
} from './row.ts'

function detailOf(doc: Doc): AuditRecord['detail'] {
  const detail = doc['detail']
  if (typeof detail !== 'object' || detail === null) throw new Unreadable('member detail is not an object')
  return detail as AuditRecord['detail']
}

function recordOf(row: Row): AuditRecord {
  const doc = docOf(row, 'entry')
  return {
    event: memberText(doc, 'event') as AuditEvent,
    at: seconds(memberWhole(doc, 'at')),
    actor: memberText(doc, 'actor'),
    subject: memberMaybeText(doc, 'subject') as UserId | null,
    requestId: memberText(doc, 'requestId'),
    policy: memberText(doc, 'policy'),
    detail: detailOf(doc),
    chain: memberText(doc, 'chain'),
    sequence: wholeOf(row, 'sequence'),
    hash: textOf(row, 'hash'),
  }
}

/** A place in the merged trail of all chains. */
export interface AuditPlace {
  readonly at: number
  readonly chain: string
  readonly sequence: number
}

/** At most `limit` records of this chain that a filter lets through, after a place. */
export function readAudit(
  engine: Engine,
  filter: AuditFilter,
  after: AuditPlace | null,
  limit: number,
): readonly AuditRecord[] {
  const newest = filter.order === 'newest'
  const beyond = newest ? '<' : '>'
  const direction = newest ? 'DESC' : 'ASC'
  const place = after === null ? null : placeHere(engine.chain, after)
  const rows = engine.sql.all(
    `SELECT * FROM audit
     WHERE (at, sequence) ${beyond} (?, ?) AND at >= ? AND at <= ?
       AND (? IS NULL OR subject = ?) AND (? IS NULL OR event = ?)
     ORDER BY at ${direction}, sequence ${direction} LIMIT ?`,
    place?.at ?? (newest ? END : -1),
    place?.sequence ?? 0,
    filter.from ?? 0,
    filter.to ?? END,
    filter.subject,
    filter.subject,
    filter.event,
    filter.event,
    limit,
  )
  return rows.map(recordOf)
}

const END = Number.MAX_SAFE_INTEGER

/** Of equal moments the lesser chain comes first: so a place of one chain lies before or behind all of another's moment. */
function placeHere(chain: string, { at, chain: its, sequence }: AuditPlace) {
  if (chain === its) return { at, sequence }
  return { at, sequence: chain < its ? END : 0 }
}

/** What a walk along a stretch of this chain found. */
export type Walked =
  | { readonly kind: 'intact'; readonly records: number; readonly last: ChainHead }
  | { readonly kind: 'broken'; readonly chain: string; readonly sequence: number; readonly problem: string }

/** Checks at most `limit` records after a place of this chain; null begins at the checkpoint. */
export function walkAudit(engine: Engine, after: ChainHead | null, limit: number): Walked {
  let last = after ?? checkpointOf(engine.sql)
  let records = 0
  const broken = (sequence: number, problem: string): Walked => ({
    kind: 'broken',
    chain: engine.chain,
    sequence,
    problem,
  })
  for (const row of engine.sql.all(
    'SELECT * FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?',
    last.sequence,
    limit,
  )) {
    const sequence = wholeOf(row, 'sequence')
    const hash = textOf(row, 'hash')
    const entry = textOf(row, 'entry')
    if (sequence !== last.sequence + 1) return broken(last.sequence + 1, 'a record is missing')
    if (engine.digest(last.hash + entry) !== hash) return broken(sequence, 'a record or the one before it was changed')
    const written = docOf(row, 'entry')
    const isItself =
      written['chain'] === engine.chain &&
      written['sequence'] === sequence &&
      written['at'] === row['at'] &&
      written['event'] === row['event'] &&
      wellFormed(written['subject']) === row['subject']
    if (!isItself) return broken(sequence, 'the columns of a record do not say what the record says')
    last = { sequence, hash }
    records += 1
  }
  return { kind: 'intact', records, last }
}

/** What this chain has at a place; null when it is beyond its end or before its checkpoint. */
export function hashAt(engine: Engine, sequence: number): string | null {
  const checkpoint = checkpointOf(engine.sql)
  if (sequence === checkpoint.sequence) return checkpoint.hash
  const [row] = engine.sql.all('SELECT hash FROM audit WHERE sequence = ?', sequence)
  return row === undefined ? null : textOf(row, 'hash')
}

/** Name, head and checkpoint of this chain. */
export function chainState(engine: Engine): {
  readonly chain: string
  readonly head: ChainHead
  readonly checkpoint: ChainHead
} {
  return { chain: engine.chain, head: headOf(engine), checkpoint: checkpointOf(engine.sql) }
}

/** The checkpoint of this chain with what was signed for it; null before the first retention. */
export function signedCheckpoint(engine: Engine): SignedCheckpoint | null {
  const checkpoint = checkpointOf(engine.sql)
  const [row] = engine.sql.all('SELECT signature FROM audit_checkpoint')
  if (checkpoint.sequence === 0 || row === undefined) return null
  return { chain: engine.chain, ...checkpoint, signature: maybeTextOf(row, 'signature') }
}

/**
 * Of at most `limit` records at the front of this chain, the last before the first that is not older than `before`: the
 * checkpoint to be; null when nothing would go.
 */
export function nextCheckpoint({ sql, chain }: Engine, before: Seconds, limit: number): Checkpoint | null {
  const front = sql.all('SELECT sequence, at, hash FROM audit ORDER BY sequence LIMIT ?', limit)
  const kept = front.findIndex((row) => wholeOf(row, 'at') >= before)
  const last = front[(kept === -1 ? front.length : kept) - 1]
  return last === undefined ? null : { chain, sequence: wholeOf(last, 'sequence'), hash: textOf(last, 'hash') }
}

/** Removes the records up to a checkpoint that was signed; gives how many, none when another one came first. */
export function retainAudit(engine: Engine, { sequence, hash }: Checkpoint, signature: string): number {
  const { sql } = engine
  if (sequence <= checkpointOf(sql).sequence || hashAt(engine, sequence) !== hash) return 0
  const removed = sql.all('DELETE FROM audit WHERE sequence <= ? RETURNING 1', sequence).length
  sql.all('UPDATE audit_checkpoint SET sequence = ?, hash = ?, signature = ?', sequence, hash, signature)
  return removed
}

/** Heads of chains as they were sealed, kept where the chains themselves are not. */
export interface Seal {
  readonly chain: string
  readonly sequence: number
  readonly hash: string
}

/** Writes down where chains stand; what was sealed before is never overwritten. */
export function sealHeads({ sql }: Engine, heads: readonly Seal[], now: Seconds): void {
  for (const { chain, sequence, hash } of heads) {
    sql.all(
      'INSERT OR IGNORE INTO heads (chain, sequence, hash, sealed_at) VALUES (?, ?, ?, ?)',
      chain,
      sequence,
      hash,
      now,
    )
  }
}

/** Everything that was sealed of a chain, oldest first. */
export function sealsOf({ sql }: Engine, chain: string): readonly Seal[] {
  return sql
    .all('SELECT chain, sequence, hash FROM heads WHERE chain = ? ORDER BY sequence', chain)
    .map((row) => ({ chain: textOf(row, 'chain'), sequence: wholeOf(row, 'sequence'), hash: textOf(row, 'hash') }))
}

/** Forgets seals of records that retention removed, all but the checkpoint's own. */
export function dropSeals({ sql }: Engine, chain: string, before: number): void {
  sql.all('DELETE FROM heads WHERE chain = ? AND sequence < ?', chain, before)
}
