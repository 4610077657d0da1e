/** `half-open`: the rest is over, and the next one in tries whether things are well again. */
export type Circuit = 'closed' | 'open' | 'half-open'

/**
 * Keeps callers from waiting for something that is away: opens after some failures in a row, lets one through after a
 * while, closes with the first success. Times are milliseconds on any steady clock.
 */
export class Breaker {
  readonly #most: number
  readonly #restMs: number
  #failures = 0
  #openUntil: number | null = null
  #probeUntil = 0

  /** @param most - failures in a row that open it; 0: none ever do */
  constructor(most: number, restMs: number) {
    this.#most = most
    this.#restMs = restMs
  }

  /** Whether everybody may try, whatever the time is. */
  get isClosed(): boolean {
    return this.#openUntil === null
  }

  /** Whether one more may try; whoever is let in reports what came of it. */
  enter(now: number): boolean {
    if (this.#openUntil === null) return true
    if (now < this.#openUntil || now < this.#probeUntil) return false
    // WHY: with an end of its own, because one that is cancelled never reports back.
    this.#probeUntil = now + this.#restMs
    return true
  }

  succeeded(): void {
    this.#failures = 0
    this.#openUntil = null
    this.#probeUntil = 0
  }

  failed(now: number): void {
    this.#failures++
    this.#probeUntil = 0
    if (this.#most > 0 && this.#failures >= this.#most) this.#openUntil = now + this.#restMs
  }

  state(now: number): Circuit {
    if (this.#openUntil === null) return 'closed'
    return now < this.#openUntil ? 'open' : 'half-open'
  }

  /** Milliseconds until the next one may try; 0: at once. */
  waitMs(now: number): number {
    return this.#openUntil === null ? 0 : Math.max(0, Math.max(this.#openUntil, this.#probeUntil) - now)
  }
}
