import { expect, test } from 'vitest'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { deployment, SOUND } from './support/deployment.ts'
import { deadAddress } from './support/machines.ts'

const CONFIG = `export default {
  origin: 'https://play.example.com',
  upstreams: { game: { url: 'https://game.internal.example' } },
  store: { kind: 'redis', url: { secret: 'REDIS_URL' } },
}
`

/** What doctor says about a store in this server. */
async function told({ url }: RedisServer): Promise<readonly string[]> {
  const here = deployment({ ...SOUND, 'hono.config.ts': CONFIG })
  const { port } = new URL(await deadAddress())
  const ran = await here.postern('doctor', { POSTERN_ROOT_SECRET: 'x'.repeat(43), REDIS_URL: url, PORT: port })
  return ran.out.split('\n').filter((line) => line.includes('store: '))
}

test('doctor() warns of a Redis that may throw records out, and not of one without a bound or with noeviction', async () => {
  const redis = await startRedis('memory')
  try {
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    expect(await told(redis)).toEqual([`ok       store: ${redis.url} answers`])
    await redis.command('CONFIG', 'SET', 'maxmemory', '100mb')
    expect(await told(redis)).toEqual([
      `ok       store: ${redis.url} answers`,
      expect.stringMatching(/^warning {2}store: .* \(maxmemory-policy allkeys-lru\).*; set noeviction$/),
    ])
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    expect(await told(redis)).toEqual([`ok       store: ${redis.url} answers`])
  } finally {
    await redis.stop()
  }
})

test('doctor() finds a store that is a replica', async () => {
  const redis = await startRedis('memory')
  try {
    await redis.command('REPLICAOF', '127.0.0.1', '1')
    expect(await told(redis)).toEqual([
      `ok       store: ${redis.url} answers`,
      `error    store: ${redis.url} is a replica, which takes no writes: name the primary server`,
    ])
  } finally {
    await redis.stop()
  }
})
