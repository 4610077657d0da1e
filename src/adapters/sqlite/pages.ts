import type { Paged } from '../../ports/store.ts'

const MAX_PAGE = 500

/** The length of a page: at least one, at most 500. */
export function clampLimit(limit: number): number {
  return Math.min(Math.max(Math.trunc(limit) || 1, 1), MAX_PAGE)
}

/** The first page of a list that was read one further than asked, and the cursor of its last item when there is more. */
export function firstOf<T>(items: readonly T[], limit: number, cursorOf: (last: T) => string): Paged<T> {
  const page = items.slice(0, limit)
  const last = page.at(-1)
  return { items: page, next: items.length > limit && last !== undefined ? cursorOf(last) : null }
}
