import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, test } from 'vitest'
import { type FileStore, openSqliteStore } from '../../../src/runtime/node-sqlite.ts'
import type { Contract } from '../../contract/contract.ts'
import { storeContract } from '../../contract/store.ts'

const opened: FileStore[] = []
let folder = ''
let files = 0

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-contract-'))
})

afterEach(() => {
  for (const one of opened.splice(0)) one.close()
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('node:sqlite on Node', () => {
  const contract: Contract = {
    test: (title, body) => test(title, body),
    async makeStore() {
      files += 1
      const made = openSqliteStore(join(folder, `${files}.sqlite`))
      opened.push(made)
      return made.store
    },
  }
  storeContract(contract)
})
