/** Counts what happens often and is written seldom. */
export class Tally {
  readonly #limit: number
  /** When each name was written last, and what came since. */
  readonly #counted = new Map<string, { readonly at: number; readonly since: number }>()

  /** @param limit - names that are remembered at the most; beyond, all are forgotten at once */
  constructor(limit: number) {
    this.#limit = limit
  }

  /**
   * Counts one; answers how many this caller is to write now, 0 when somebody here wrote within `everySeconds`.
   *
   * TRADE-OFF: what was counted after the last time it was written is not, where nothing comes any more.
   */
  claim(name: string, nowSeconds: number, everySeconds: number): number {
    const before = this.#counted.get(name)
    const count = (before?.since ?? 0) + 1
    // WHY: a clock that was put back would keep everything unwritten until it is where it was.
    if (before !== undefined && nowSeconds >= before.at && nowSeconds - before.at < everySeconds) {
      this.#counted.set(name, { at: before.at, since: count })
      return 0
    }
    if (this.#counted.size >= this.#limit) this.#counted.clear()
    this.#counted.set(name, { at: nowSeconds, since: 0 })
    return count
  }
}
