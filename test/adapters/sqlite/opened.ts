import { afterEach } from 'vitest'
import { type FileStore, openSqliteStore } from '../../../src/runtime/node-sqlite.ts'

const opened: FileStore[] = []

/** A store of one's own in memory, which is closed after the test. */
export function open(): FileStore {
  const file = openSqliteStore(':memory:')
  opened.push(file)
  return file
}

afterEach(() => {
  for (const file of opened.splice(0)) file.close()
})
