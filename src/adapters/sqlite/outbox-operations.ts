import type { Engine } from './driver.ts'
import type { IndexChange, Post } from './index-change.ts'
import { docOf, wholeOf } from './row.ts'

/** Changes that the index may not know yet, oldest first. */
export function openPosts({ sql }: Engine, limit: number): readonly Post[] {
  // The column was written by `post` of this very schema.
  return sql
    .all('SELECT id, args FROM outbox ORDER BY id LIMIT ?', limit)
    .map((row) => ({ id: wholeOf(row, 'id'), change: docOf(row, 'args') as unknown as IndexChange }))
}

/** The index has these. */
export function clearPosts({ sql }: Engine, ids: readonly number[]): void {
  sql.all('DELETE FROM outbox WHERE id IN (SELECT value FROM json_each(?))', JSON.stringify(ids))
}
