import type { Found } from './store.ts'

/** One remembered session. */
export interface RememberedSession {
  readonly found: Found
  /** Milliseconds on the runtime's clock when the read began. */
  readAt: number
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
}
