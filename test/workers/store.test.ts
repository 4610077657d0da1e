import { env } from 'cloudflare:workers'
import { describe, test } from 'vitest'
import { durableStore, type StoreNamespace } from '../../src/runtime/durable-store.ts'
import type { Contract } from '../contract/contract.ts'
import { storeContract } from '../contract/store.ts'

const namespace = (env as unknown as { readonly STORE: StoreNamespace }).STORE

let realms = 0

describe('Durable Objects in workerd', () => {
  const contract: Contract = {
    test: (title, body) => test(title, body),
    async makeStore() {
      realms += 1
      // The machine that runs the tests may be slow; how long a silent object is waited for has a test of its own.
      return durableStore(namespace, 3, { realm: `contract-${realms}`, limitMs: 10_000 })
    },
  }
  storeContract(contract)
})
