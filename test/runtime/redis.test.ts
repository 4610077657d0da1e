import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Demo, startDemo } from '../support/demo.ts'
import { ask } from '../support/http.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { startUpstashBridge, type UpstashBridge } from '../support/upstash-bridge.ts'
import { Visitor } from '../support/visitor.ts'
import { transcript } from './transcript.ts'

const ROOT = 'a root secret for tests of exactly fifty characters'

/** How many keys of ours Redis has, and how many of them hold a text in name or value. */
async function found(redis: RedisServer, text: string): Promise<{ readonly ours: number; readonly holding: number }> {
  await redis.command('CONFIG', 'SET', 'rdbcompression', 'no')
  const script = `local ours, holding = 0, 0
    for _, key in ipairs(redis.call('KEYS', 'postern:*')) do
      ours = ours + 1
      if string.find(key .. redis.call('DUMP', key), ARGV[1], 1, true) then holding = holding + 1 end
    end
    return ours .. ' ' .. holding`
  const answer = await redis.command('EVAL', script, '0', text)
  const [, ours, holding] = /\r\n(\d+) (\d+)/.exec(answer) ?? []
  return { ours: Number(ours), holding: Number(holding) }
}

/** A signed-in person: the session cookie's secret part and its hash, which is what is stored. */
async function signedIn(gateway: string): Promise<{ readonly secret: string; readonly hash: string }> {
  const visitor = new Visitor()
  await visitor.signIn(gateway, 'google', 'ada@players.example')
  const secret = /__Host-postern[^=]*=[a-z2-7]{10}\.([\w-]{32})/.exec(visitor.cookie(gateway) ?? '')?.[1] ?? ''
  return { secret, hash: createHash('sha256').update(secret).digest('base64url') }
}

for (const runtime of ['node', 'deno']) {
  describe(`${runtime} with Redis over TCP`, () => {
    let redis: RedisServer
    let demo: Demo
    beforeAll(async () => {
      redis = await startRedis()
      const store = { POSTERN_STORE: 'redis', REDIS_URL: redis.url, POSTERN_ROOT_SECRET: ROOT }
      demo = await startDemo({ environment: { DEMO_RUNTIME: runtime, ...store } })
    }, 90_000)
    afterAll(async () => {
      await demo?.stop()
      await redis?.stop()
    }, 30_000)

    transcript(() => demo)

    test('the records are in Redis by hash, and no cookie is', async () => {
      const { secret, hash } = await signedIn(demo.gateway)
      expect(secret).toHaveLength(32)
      expect((await found(redis, secret)).holding).toBe(0)
      expect((await found(redis, hash)).holding).toBeGreaterThan(0)
    })

    // Last of this run: the store is silent from here on.
    test('I7: a store that falls silent is a 503 with Retry-After, and signs nobody out', async () => {
      const visitor = new Visitor()
      await visitor.signIn(demo.gateway, 'google', 'ada@players.example')
      const cookie = visitor.cookie(demo.gateway) ?? ''
      const look = () => ask(`${demo.gateway}/auth/session`, { headers: { accept: 'application/json', cookie } })
      redis.signal('SIGSTOP')
      const silent = await look()
      expect([silent.status, await silent.json()]).toMatchObject([503, { code: 'store_unavailable' }])
      expect(silent.headers.get('retry-after')).toBe('2')
      expect(silent.headers.getSetCookie()).toEqual([])
      redis.signal('SIGCONT')
      for (let tries = 0; tries < 50 && (await look()).status !== 200; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      expect((await look()).status).toBe(200)
    }, 30_000)
  })
}

describe('workerd with Redis over Upstash REST', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-upstash-'))
  let redis: RedisServer
  let bridge: UpstashBridge
  let demo: Demo
  beforeAll(async () => {
    redis = await startRedis()
    bridge = await startUpstashBridge(redis.url)
    const secrets = join(folder, 'dev.vars')
    const lines = [
      `UPSTASH_REDIS_REST_URL="${bridge.url}"`,
      `UPSTASH_REDIS_REST_TOKEN="${bridge.token}"`,
      `POSTERN_ROOT_SECRET="${ROOT}"`,
    ]
    writeFileSync(secrets, `${lines.join('\n')}\n`, { mode: 0o600 })
    demo = await startDemo({ environment: { DEMO_SECRETS: secrets, POSTERN_STORE: 'upstash' } })
  }, 90_000)
  afterAll(async () => {
    await demo?.stop()
    await bridge?.stop()
    await redis?.stop()
    rmSync(folder, { recursive: true, force: true })
  }, 30_000)

  transcript(() => demo)

  test('the records went through the REST protocol, by hash, and no cookie did', async () => {
    const { secret, hash } = await signedIn(demo.gateway)
    expect(bridge.seen.count).toBeGreaterThan(10)
    expect((await found(redis, secret)).holding).toBe(0)
    expect((await found(redis, hash)).holding).toBeGreaterThan(0)
  })
})
