// Runs the store contract on Deno, which has no vitest: registers the same functions, runs them one after another, and
// says on its last line how many passed and failed.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FileStore, openSqliteStore } from '../../src/runtime/node-sqlite.ts'
import type { Contract } from '../contract/contract.ts'
import { keyOf, refOf, T0 } from '../contract/people.ts'
import { storeContract } from '../contract/store.ts'

interface Registered {
  readonly title: string
  readonly body: () => Promise<void>
}

const registered: Registered[] = []
const opened: FileStore[] = []
const folder = mkdtempSync(join(tmpdir(), 'postern-deno-'))
let files = 0

const contract: Contract = {
  test: (title, body) => {
    registered.push({ title, body })
  },
  async makeStore() {
    files += 1
    const store = openSqliteStore(join(folder, `${files}.sqlite`))
    opened.push(store)
    return store.store
  },
}
storeContract(contract)

registered.push({
  title: 'a file serves one process on Deno too',
  async body() {
    const file = join(folder, 'locked.sqlite')
    const first = openSqliteStore(file)
    opened.push(first)
    assert.throws(() => openSqliteStore(file), /PST450 is open in another process/)
  },
})
registered.push({
  title: 'a closed database is an outage on Deno too',
  async body() {
    const { store, close } = openSqliteStore(join(folder, 'closed.sqlite'))
    close()
    await assert.rejects(async () => store.sessions.read(keyOf(refOf(1), 'a'), T0), { name: 'StoreUnavailable' })
  },
})

let failed = 0
for (const { title, body } of registered) {
  try {
    await body()
  } catch (error) {
    failed += 1
    console.log(`FAILED ${title}\n${error instanceof Error ? error.stack : String(error)}`)
  }
  for (const store of opened.splice(0)) store.close()
}
rmSync(folder, { recursive: true })
console.log(`${registered.length - failed} passed, ${failed} failed`)
