import type { Seconds } from '../../core/brand.ts'
import type { AuditRecord, AuditStore, AuditVerification, SignCheckpoint } from '../../ports/audit.ts'
import type { AuditPlace } from './audit-operations.ts'
import type { ChainHead } from './chain.ts'
import type { Peer, Peers } from './operations.ts'
import { clampLimit, firstOf } from './pages.ts'

/** Records that are hashed in one call to a database of this process, a few milliseconds' worth, and to one elsewhere. */
const STRETCH = { here: 250, elsewhere: 1_000 }
/** Records that are removed in one call. */
const CUT = 1_000

/** WHY: a database of this process answers at once, so that a long walk would keep every player waiting (SPEC 10). */
function turn({ place }: Peer): Promise<void> | null {
  return place === 'here' ? new Promise((resolve) => setTimeout(resolve)) : null
}

/** The audit trail: one chain in each database, merged by time for reading. */
export function auditStore(peers: Peers): AuditStore {
  const { index } = peers
  const all = everyPeer(peers)
  return {
    append: (note) => index.call('appendAudit', note),
    async read(filter, page) {
      const after = placeOf(page.after)
      if (after === 'nowhere') return { items: [], next: null }
      const limit = clampLimit(page.limit)
      const lists = await Promise.all(all.map((one) => one.call('readAudit', filter, after, limit + 1)))
      return firstOf(
        lists.flat().sort(filter.order === 'newest' ? (a, b) => oldestFirst(b, a) : oldestFirst),
        limit,
        ({ at, chain, sequence }) => JSON.stringify([at, sequence, chain]),
      )
    },
    async verify() {
      let records = 0
      for (const peer of all) {
        const one = await verifyChain(peer, index)
        if (one.kind === 'broken') return one
        records += one.records
      }
      return { kind: 'intact', records }
    },
    async retain(before, sign) {
      const removed = await Promise.all(all.map((one) => retainHere(one, before, sign)))
      return removed.reduce((sum, one) => sum + one, 0)
    },
    async checkpoints() {
      const made = await Promise.all(all.map((one) => one.call('signedCheckpoint')))
      return made.filter((one) => one !== null)
    },
  }
}

async function retainHere(peer: Peer, before: Seconds, sign: SignCheckpoint): Promise<number> {
  let removed = 0
  for (;;) {
    const checkpoint = await peer.call('nextCheckpoint', before, CUT)
    if (checkpoint === null) return removed
    // INVARIANT: signed before anything goes: a crash in between leaves the records, never an unsigned end.
    const count = await peer.call('retainAudit', checkpoint, await sign(checkpoint))
    removed += count
    if (count < CUT) return removed
    await turn(peer)
  }
}

/** Each database once: on Node and Deno the index is the shard. */
export function everyPeer({ shards, index }: Peers): readonly Peer[] {
  return [...new Set([...shards, index])]
}

async function verifyChain(peer: Peer, index: Peer): Promise<AuditVerification> {
  for (;;) {
    const { chain, checkpoint } = await peer.call('chainState')
    const walked = await walkFrom(peer, index, chain, checkpoint)
    if (walked.kind === 'intact') return walked
    // WHY: retention in between takes records away that were still to be read; what it left is walked from its beginning.
    const now = await peer.call('chainState')
    if (now.checkpoint.sequence === checkpoint.sequence) return walked
  }
}

async function walkFrom(peer: Peer, index: Peer, chain: string, checkpoint: ChainHead): Promise<AuditVerification> {
  const stretch = STRETCH[peer.place ?? 'elsewhere']
  let records = 0
  let last = checkpoint
  for (;;) {
    const walked = await peer.call('walkAudit', last, stretch)
    if (walked.kind === 'broken') return walked
    records += walked.records
    last = walked.last
    if (walked.records < stretch) break
    await turn(peer)
  }
  // What was sealed elsewhere must still be here: otherwise the chain was cut off or written anew.
  for (const [place, seal] of (await index.call('sealsOf', chain)).entries()) {
    if (seal.sequence < checkpoint.sequence) continue
    if ((await peer.call('hashAt', seal.sequence)) !== seal.hash) {
      return { kind: 'broken', chain, sequence: seal.sequence, problem: 'the record is not the one that was sealed' }
    }
    if (place % STRETCH.here === STRETCH.here - 1) await turn(peer)
  }
  return { kind: 'intact', records }
}

function oldestFirst(a: AuditRecord, b: AuditRecord): number {
  return a.at - b.at || (a.chain < b.chain ? -1 : a.chain > b.chain ? 1 : a.sequence - b.sequence)
}

function placeOf(cursor: string | null): AuditPlace | null | 'nowhere' {
  if (cursor === null) return null
  const match = /^\[(\d{1,15}),(\d{1,15}),"([^"\\]*)"\]$/.exec(cursor)
  if (match === null) return 'nowhere'
  return { at: Number(match[1]), sequence: Number(match[2]), chain: match[3] ?? '' }
}
