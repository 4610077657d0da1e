import { afterEach, describe, test } from 'vitest'
import { type FileStore, openSqliteStore } from '../../../src/runtime/node-sqlite.ts'
import { storeContract } from '../../contract/store.ts'

const opened: FileStore[] = []

afterEach(() => {
  for (const one of opened.splice(0)) one.close()
})

describe('node:sqlite', () => {
  storeContract({
    test: (title, body) => test(title, body),
    async makeStore() {
      const made = openSqliteStore(':memory:')
      opened.push(made)
      return made.store
    },
  })
})
