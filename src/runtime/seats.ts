/**
 * Sockets that are being opened, by who will hold them. A bound is looked at before the service is waited for: whoever is
 * still waiting has to count as well.
 */
export class Seats {
  readonly #taken = new Map<string, number>()

  /** How many a holder has. */
  of(holder: string): number {
    return this.#taken.get(holder) ?? 0
  }

  take(holder: string): void {
    this.#taken.set(holder, this.of(holder) + 1)
  }

  giveBack(holder: string): void {
    const left = this.of(holder) - 1
    if (left > 0) this.#taken.set(holder, left)
    else this.#taken.delete(holder)
  }
}
