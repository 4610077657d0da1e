import type { Seconds } from '../core/brand.ts'
import type { RememberedSession, SessionMemory, Told } from '../ports/memory.ts'
import type { Found } from '../ports/store.ts'
import { Tally } from './tally.ts'

interface Entry extends RememberedSession {
  /** CLOCK mark. */
  used: boolean
  tag: string
  /** How long before the read what it was judged by may be from. */
  readonly ageMs: number
  /** When a refusal from this entry was last read anew. */
  rereadAt: number
}

/** How often a refusal from memory may be read anew, milliseconds. */
const REREAD_EVERY_MS = 1_000

/**
 * Projections of sessions by raw cookie value; negative answers included. Values only, never promises.
 *
 * TRADE-OFF: CLOCK marks instead of a Map in use order: delete+set on one hot key costs 25 us (research: perf.md 2).
 */
export class SessionCache implements SessionMemory {
  readonly #entries = new Map<string, Entry>()
  readonly #slots: string[] = []
  readonly #generations = new Map<string, number>()
  readonly #touches = new Map<string, number>()
  readonly #uses: Tally
  readonly #refusals: Tally
  readonly #told = new Map<string, { readonly mark: string; readonly refreshedAt: Seconds | null }>()
  readonly #limit: number
  #hand = 0
  #writes = 0
  /** Generation of every tag that is not listed: the last write that was forgotten, or that was about everybody. */
  #floor = 0

  constructor(limit: number) {
    this.#limit = limit
    this.#uses = new Tally(limit)
    this.#refusals = new Tally(limit)
  }

  /** Entries held now. */
  get size(): number {
    return this.#entries.size
  }

  /** What is remembered of a cookie value, unless that, or what it was judged by, is older than `maxAgeMs`. */
  get(value: string, nowMs: number, maxAgeMs: number): Entry | null {
    const entry = this.#entries.get(value)
    if (entry === undefined || nowMs - entry.readAt + entry.ageMs >= maxAgeMs) return null
    entry.used = true
    return entry
  }

  /** The generation of a tag before a read begins; pass it to `put`. */
  generation(tag: string): number {
    return this.#generations.get(tag) ?? this.#floor
  }

  /** Remembers the answer of a read that began at `readAt`; dropped when a local write came in between. */
  put(value: string, tag: string, found: Found, readAt: number, generation: number): void {
    if (this.generation(tag) !== generation) return
    const known = this.#entries.get(value)
    const ageMs = found.kind === 'live' ? (found.ageSeconds ?? 0) * 1000 : 0
    const rereadAt = known?.rereadAt ?? Number.NEGATIVE_INFINITY
    const entry: Entry = { found, readAt, ageMs, used: false, tag, rereadAt }
    if (known !== undefined) {
      // WHY: of two reads that cross, the one that began later knows more.
      if (known.readAt <= readAt) this.#entries.set(value, entry)
      return
    }
    if (this.#slots.length < this.#limit) {
      this.#slots.push(value)
    } else {
      this.#replace(value)
    }
    this.#entries.set(value, entry)
  }

  #replace(value: string): void {
    for (;;) {
      this.#hand = (this.#hand + 1) % this.#limit
      const candidate = this.#slots[this.#hand] ?? ''
      const entry = this.#entries.get(candidate)
      if (entry?.used === true) {
        entry.used = false
        continue
      }
      this.#entries.delete(candidate)
      this.#slots[this.#hand] = value
      return
    }
  }

  /** A local write to a user's records: entries of that tag are stale at once, and reads under way are not stored. */
  drop(tag: string): void {
    this.#generations.delete(tag)
    this.#generations.set(tag, ++this.#writes)
    if (this.#generations.size > this.#limit) this.#forgetOldestWrite()
    for (const entry of this.#entries.values()) if (entry.tag === tag) entry.readAt = Number.NEGATIVE_INFINITY
  }

  #forgetOldestWrite(): void {
    const [oldest] = this.#generations
    if (oldest === undefined) return
    this.#generations.delete(oldest[0])
    // INVARIANT: a forgotten tag never gets back a generation that a read under way could still hold.
    this.#floor = oldest[1]
  }

  /** A local write to everybody's records: everything is stale at once, and reads under way are not stored. */
  clear(): void {
    this.#generations.clear()
    this.#floor = ++this.#writes
    for (const entry of this.#entries.values()) entry.readAt = Number.NEGATIVE_INFINITY
  }

  /** Whether this caller is the one to write last-seen now. */
  claimTouch(sid: string, nowSeconds: number, everySeconds: number): boolean {
    const last = this.#touches.get(sid)
    if (last !== undefined && nowSeconds >= last && nowSeconds - last < everySeconds) return false
    if (this.#touches.size >= this.#limit) this.#touches.clear()
    this.#touches.set(sid, nowSeconds)
    return true
  }

  /** Counts one use; answers how many this caller is to write now, 0 when somebody here wrote within `everySeconds`. */
  claimUses(id: string, nowSeconds: number, everySeconds: number): number {
    return this.#uses.claim(id, nowSeconds, everySeconds)
  }

  /** The same for refusals. WHY: counted apart, so that whoever is refused a lot makes no use of a token forgotten. */
  claimRefusals(key: string, nowSeconds: number, everySeconds: number): number {
    return this.#refusals.claim(key, nowSeconds, everySeconds)
  }

  /** Gives a claimed write back that came to nothing. */
  releaseTouch(sid: string): void {
    this.#touches.delete(sid)
  }

  /** Whether a refusal from memory is read once more now. */
  claimReread(value: string, nowMs: number): boolean {
    const entry = this.#entries.get(value)
    if (entry === undefined) return true
    if (nowMs - entry.rereadAt < REREAD_EVERY_MS) return false
    entry.rereadAt = nowMs
    return true
  }

  /** Notes what is told of a session now, and answers whether it is news. */
  tell(sid: string, mark: string, since: Seconds | null, now: Seconds): Told {
    const before = this.#told.get(sid)
    if (before?.mark === mark) return { news: 'known', refreshedAt: before.refreshedAt }
    if (this.#told.size >= this.#limit) this.#told.clear()
    const refreshedAt = before === undefined ? since : now
    this.#told.set(sid, { mark, refreshedAt })
    return { news: refreshedAt === null ? 'known' : 'news', refreshedAt }
  }
}
