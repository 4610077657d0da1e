import type { Seconds } from '../../core/brand.ts'
import type {
  AuditFilter,
  AuditNote,
  AuditRecord,
  AuditStore,
  AuditVerification,
  SignCheckpoint,
  SignedCheckpoint,
} from '../../ports/audit.ts'
import type { Page, Paged } from '../../ports/store.ts'
import { list, text, texts, unexpected, whole } from './call.ts'
import { canonicalRecord, parseRecord, sha256Hex } from './chain.ts'
import type { Context } from './context.ts'
import { clampLimit, INDEX } from './names.ts'
import {
  appendRecord,
  listChains,
  pageTrail,
  readEnds,
  readRecords,
  readTail,
  trimChain,
  trimTrail,
} from './scripts/audit.ts'

const SHARDS = 16
const BATCH = 500
/** Chains that are walked at the same time. */
const SIDE_BY_SIDE = 16

/** Chains for what concerns no user: several, so that they are not one queue; one request keeps to one of them. */
function shardOf(requestId: string): string {
  let sum = 0
  for (const letter of requestId) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 65_521
  return `~audit-${sum % SHARDS}`
}

const pad = (at: number): string => String(Math.min(Math.max(at, 0), 999_999_999_999)).padStart(12, '0')

async function recordsAt(
  context: Context,
  places: readonly (readonly [string, string])[],
): Promise<readonly (AuditRecord | null)[]> {
  const byChain = Map.groupBy(places, ([chain]) => chain)
  const found = new Map<string, AuditRecord | null>()
  await Promise.all(
    [...byChain].map(async ([chain, wanted]) => {
      const sequences = wanted.map(([, sequence]) => String(Number(sequence)))
      const { parts } = await context.calls.run(readRecords, chain, {}, sequences)
      for (const [at, line] of texts('chain-records', parts, 0).entries()) {
        found.set(`${chain} ${sequences[at]}`, line === '' ? null : parseRecord(line))
      }
    }),
  )
  return places.map(([chain, sequence]) => found.get(`${chain} ${Number(sequence)}`) ?? null)
}

/**
 * An entry of the trail, which is what a cursor is: the subject is all that follows.
 *
 * ATTACK: a subject of two lines must not end the pages here, with nothing to say that there are more.
 */
const PLACE = /^\d{12}\n[^\n]+\n\d{12}\n[^\n]*\n/

async function read(context: Context, filter: AuditFilter, page: Page): Promise<Paged<AuditRecord>> {
  const operation = 'trail-page'
  const order = filter.order ?? 'oldest'
  const limit = clampLimit(page.limit)
  if (page.after !== null && !PLACE.test(page.after)) return { items: [], next: null }
  const items: AuditRecord[] = []
  let last = page.after ?? ''
  for (;;) {
    const { parts } = await context.calls.run(pageTrail, INDEX, {
      order,
      from: last !== '' && order === 'oldest' ? `(${last}` : filter.from === null ? '' : `[${pad(filter.from)}`,
      upto: last !== '' && order === 'newest' ? `(${last}` : filter.to === null ? '' : `(${pad(filter.to + 1)}`,
      ...{ subject: filter.subject ?? '', event: filter.event ?? '', most: limit - items.length + 1 },
    })
    const rows = list(operation, parts, 2)
    const entries = rows.map((_, at) => texts(operation, rows, at))
    const records = await recordsAt(
      context,
      entries.map(([, chain = '', sequence = '']) => [chain, sequence] as const),
    )
    for (const [at, [entry = '']] of entries.entries()) {
      const record = records[at] ?? null
      if (record !== null && items.length === limit) return { items, next: last }
      if (record !== null) items.push(record)
      last = entry
    }
    if (text(operation, parts, 0) === 'end') return { items, next: null }
    last = text(operation, parts, 1)
  }
}

/** Every chain with the number and hash of the last record that the index has seen. */
async function chains(context: Context): Promise<ReadonlyMap<string, Seal>> {
  const known = new Map<string, Seal>()
  let cursor = '0'
  do {
    const { parts } = await context.calls.run(listChains, INDEX, { cursor })
    const flat = texts('chain-list', parts, 1)
    for (let at = 0; at + 1 < flat.length; at += 2) {
      const [sequence = '', hash = ''] = (flat[at + 1] ?? '').split('\n')
      known.set(flat[at] ?? '', { sequence: Number(sequence), hash })
    }
    cursor = text('chain-list', parts, 0)
  } while (cursor !== '0')
  return known
}

/** Where a chain begins after retention, with what was signed for that, and ends. */
interface Ends {
  readonly end: number
  readonly head: string
  readonly base: number
  readonly baseHash: string
  readonly signature: string
}

async function endsOf(context: Context, chain: string): Promise<Ends> {
  const operation = 'chain-ends'
  const { parts } = await context.calls.run(readEnds, chain, {})
  return {
    end: whole(operation, parts, 0),
    head: text(operation, parts, 1),
    base: whole(operation, parts, 2),
    baseHash: text(operation, parts, 3),
    signature: text(operation, parts, 4),
  }
}

type Seal = { readonly sequence: number; readonly hash: string }

interface Walk {
  readonly records: number
  readonly broken: { readonly sequence: number; readonly problem: string } | null
}

async function walk(context: Context, chain: string, seal: Seal): Promise<Walk> {
  for (;;) {
    const ends = await endsOf(context, chain)
    const walked = await walkBetween(context, chain, ends, seal)
    // WHY: retention in between takes records away that were still to be read; what it left is walked from its beginning.
    if (walked.broken === null || (await endsOf(context, chain)).base === ends.base) return walked
  }
}

// INVARIANT: the walk ends where the chain ended when it began: what is written meanwhile is for the next one.
async function walkBetween(context: Context, chain: string, ends: Ends, seal: Seal): Promise<Walk> {
  const { end, head, base, baseHash } = ends
  let [at, hash] = [base, baseHash]
  const fault = (sequence: number, problem: string): Walk => ({ records: at - base, broken: { sequence, problem } })
  while (at < end) {
    const tail = await context.calls.run(readTail, chain, { after: at, most: Math.min(BATCH, end - at) })
    const lines = texts('chain-tail', tail.parts, 0)
    if (lines.length === 0) return fault(at + 1, 'missing')
    for (const line of lines) {
      const record = parseRecord(line)
      if (record === null) return fault(at + 1, 'unreadable')
      if (record.chain !== chain || record.sequence !== at + 1) return fault(at + 1, 'out of order')
      const entry = canonicalRecord(record, chain, record.sequence)
      // WHY: the stored text itself is hashed too, so that nothing can be hidden beside the known fields.
      if (line.slice(64) !== entry || (await sha256Hex(hash + entry)) !== record.hash) return fault(at + 1, 'changed')
      if (record.sequence === seal.sequence && record.hash !== seal.hash) return fault(at + 1, 'replaced')
      hash = record.hash
      at += 1
    }
  }
  if (hash !== head) return fault(end, 'the head is another')
  if (end < seal.sequence) return fault(end + 1, 'cut off')
  return { records: at - base, broken: null }
}

async function verify(context: Context): Promise<AuditVerification> {
  let records = 0
  for (const some of inGroups([...(await chains(context))])) {
    const walks = await Promise.all(
      some.map(async ([chain, seal]) => ({ chain, ...(await walk(context, chain, seal)) })),
    )
    for (const { chain, broken, records: walked } of walks) {
      if (broken !== null) return { kind: 'broken', chain, ...broken }
      records += walked
    }
  }
  return { kind: 'intact', records }
}

async function retain(context: Context, before: Seconds, sign: SignCheckpoint): Promise<number> {
  let removed = 0
  for (const some of inGroups([...(await chains(context)).keys()])) {
    const counts = await Promise.all(some.map((chain) => retainChain(context, chain, before, sign)))
    removed += counts.reduce((sum, count) => sum + count, 0)
  }
  await context.calls.run(trimTrail, INDEX, { before: pad(before) })
  return removed
}

async function retainChain(context: Context, chain: string, before: Seconds, sign: SignCheckpoint): Promise<number> {
  let removed = 0
  for (;;) {
    const { parts } = await context.calls.run(readTail, chain, { after: 0, most: BATCH })
    const old = texts('chain-tail', parts, 0).map(parseRecord)
    const keep = old.findIndex((record) => record === null || record.at >= before)
    const last = old[(keep === -1 ? old.length : keep) - 1] ?? null
    if (last === null) return removed
    const { sequence: upto, hash } = last
    // INVARIANT: signed before anything goes: a crash in between leaves the records, never an unsigned end.
    const signature = await sign({ chain, sequence: upto, hash })
    const trimmed = await context.calls.run(trimChain, chain, { upto, hash, sign: signature })
    const count = whole('chain-trim', trimmed.parts, 0)
    removed += count
    if (keep !== -1 || count === 0) return removed
  }
}

async function checkpoints(context: Context): Promise<readonly SignedCheckpoint[]> {
  const found: SignedCheckpoint[] = []
  for (const some of inGroups([...(await chains(context)).keys()])) {
    const ends = await Promise.all(some.map(async (chain) => ({ chain, ...(await endsOf(context, chain)) })))
    for (const { chain, base, baseHash, signature } of ends) {
      const checkpoint = { chain, sequence: base, hash: baseHash }
      if (base > 0) found.push({ ...checkpoint, signature: signature === '' ? null : signature })
    }
  }
  return found
}

/** Every user has a chain: one after another they would take a round trip each, all at once a connection's whole queue. */
function inGroups<T>(all: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / SIDE_BY_SIDE) }, (_, group) =>
    all.slice(group * SIDE_BY_SIDE, (group + 1) * SIDE_BY_SIDE),
  )
}

/** Audit chains: one in the slot of each user and of each global thing; a trail in the index orders them by time. */
export function auditStore(context: Context): AuditStore {
  return {
    async append(note: AuditNote): Promise<void> {
      const tag = shardOf(note.requestId)
      const said = await context.mutate({ script: appendRecord, tag, audit: note, args: () => ({}), effects: () => [] })
      if (said.word !== 'appended') throw unexpected('chain-append')
    },
    read: (filter, page) => read(context, filter, page),
    verify: () => verify(context),
    retain: (before, sign) => retain(context, before, sign),
    checkpoints: () => checkpoints(context),
  }
}
