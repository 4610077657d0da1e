import { afterAll, beforeAll, describe } from 'vitest'
import { type Demo, startDemo } from '../support/demo.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { races } from './races.ts'

const ROOT = 'a root secret for tests of exactly fifty characters'

describe.each([
  ['node', 'embedded'],
  ['node', 'redis'],
  ['workers', 'embedded'],
])('at one moment, on %s with the store %s', (runtime, store) => {
  let redis: RedisServer | null = null
  let demo: Demo
  beforeAll(async () => {
    redis = store === 'redis' ? await startRedis() : null
    const environment = redis === null ? {} : { REDIS_URL: redis.url, POSTERN_ROOT_SECRET: ROOT }
    demo = await startDemo({ environment: { DEMO_RUNTIME: runtime, POSTERN_STORE: store, ...environment } })
  }, 90_000)
  afterAll(async () => {
    await demo?.stop()
    await redis?.stop()
  }, 30_000)
  races(() => demo)
})
