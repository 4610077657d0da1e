import { realpathSync, statSync } from 'node:fs'
import { SqlFailed } from '../adapters/sqlite/driver.ts'

/** Which file a path leads to; null when to none. */
function identityOf(path: string): string | null {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found === undefined ? null : `${found.dev}:${found.ino}`
}

/**
 * Looks that an open store is still what its path leads to, and its log what lies beside it.
 *
 * WHY: who holds a file open goes on writing to it after it was removed, replaced or moved, and all of that is gone with the
 * process. SQLite refuses to (SQLITE_READONLY_DBMOVED), but not in WAL mode.
 *
 * @returns throws `SqlFailed` while they are elsewhere
 */
export function placeOf(file: string): () => void {
  // WHY: SQLite follows a link: the log lies beside the file that it leads to.
  const opened = [file, `${realpathSync(file)}-wal`].map((path) => ({ path, identity: identityOf(path) }))
  const known = opened.filter(({ identity }) => identity !== null)
  return () => {
    for (const { path, identity } of known) {
      const found = identityOf(path)
      if (found === identity) continue
      const what = found === null ? 'is gone' : 'is another file'
      throw new SqlFailed(`${path} ${what} while the store is open: what is written now would be lost with the process`)
    }
  }
}
