import type { Seconds } from '../core/brand.ts'
import type { Found } from './store.ts'

/** One remembered session. */
export interface RememberedSession {
  readonly found: Found
  /** Milliseconds on the runtime's clock when the read began. */
  readAt: number
}

/** How requests that want the same session at the same time share one store read. */
export interface Flights {
  /**
   * @param want - what is wanted; equal wants may share one answer
   * @param read - asks the store, and remembers what it says
   * @param look - what was remembered since this request wanted to know; null while there is nothing
   */
  load(want: string, read: () => Promise<Found>, look: () => Found | null): Promise<Found>
}

/** Whether what is told of a session differs from what was told before, and when it came to differ. */
export interface Told {
  readonly news: 'news' | 'known'
  readonly refreshedAt: Seconds | null
}

/** What an isolate or process remembers of sessions; values only, never promises. */
export interface SessionMemory {
  readonly size: number
  get(value: string, nowMs: number, maxAgeMs: number): RememberedSession | null
  /** The generation of a tag before a read begins; pass it to `put`. */
  generation(tag: string): number
  put(value: string, tag: string, found: Found, readAt: number, generation: number): void
  /** A local write to one user's records: what is remembered of them is stale at once. */
  drop(tag: string): void
  clear(): void
  /** Whether this caller is the one to write last-seen now; false when somebody here did within `everySeconds`. */
  claimTouch(sid: string, nowSeconds: number, everySeconds: number): boolean
  /** Counts one use; answers how many this caller is to write now, 0 when somebody here wrote within `everySeconds`. */
  claimUses(id: string, nowSeconds: number, everySeconds: number): number
  /** The same for refusals, counted apart. */
  claimRefusals(key: string, nowSeconds: number, everySeconds: number): number
  /** Gives a claimed write back that came to nothing, so that the next request tries again. */
  releaseTouch(sid: string): void
  /** Whether a refusal from memory is read once more now; at most once a second for each cookie value (DECISIONS 8). */
  claimReread(value: string, nowMs: number): boolean
  /**
   * Notes what is told of a session now.
   *
   * @param mark - stands for everything whose change is news
   * @param since - when it came to be so, in case nothing was told here before; null: it has always been so
   */
  tell(sid: string, mark: string, since: Seconds | null, now: Seconds): Told
}
