import { describe, inject, test } from 'vitest'
import { redisStore } from '../../src/adapters/redis/store.ts'
import { upstashDriver } from '../../src/adapters/redis/upstash.ts'
import { storeContract } from '../contract/store.ts'

const { url, token } = inject('upstash')

let stores = 0

describe('Upstash over REST in workerd', () => {
  storeContract({
    test: (title, body) => test(title, body),
    async makeStore() {
      stores += 1
      return redisStore(upstashDriver({ url, token, timeoutMs: 10_000 }), {
        prefix: `workers-${stores}`,
        turns: 'none',
      })
    },
  })
})
