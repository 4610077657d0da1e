/** One page of a long list; `after` is the opaque cursor of the page before, null for the first. */
export interface Page {
  readonly after: string | null
  readonly limit: number
}

/** One page of a long list; `next` is the cursor of the page after, null after the last. */
export interface Paged<T> {
  readonly items: readonly T[]
  readonly next: string | null
}
