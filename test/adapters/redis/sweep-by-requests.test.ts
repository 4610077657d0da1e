import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { redisStore } from '../../../src/adapters/redis/store.ts'
import { upstashDriver } from '../../../src/adapters/redis/upstash.ts'
import { secret } from '../../../src/config/define.ts'
import { requestClock, SWEEP_EVERY_MS } from '../../../src/runtime/request-clock.ts'
import { POLICIES, silence } from '../../session/scene.ts'
import { type Workbench, workbench } from '../../support/gateway.ts'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'
import { startUpstashBridge, type UpstashBridge } from '../../support/upstash-bridge.ts'

let server: RedisServer
let bridge: UpstashBridge
beforeAll(async () => {
  server = await startRedis()
  bridge = await startUpstashBridge(server.url)
})
afterAll(async () => {
  await bridge.stop()
  await server.stop()
})

let prefixes = 0

/** An isolate of a deployment over Redis by REST: what a request does beside being answered. */
async function isolateOn(prefix: string) {
  const driver = upstashDriver({ url: bridge.url, token: bridge.token, timeoutMs: 5_000 })
  const kind = { kind: 'upstash', url: secret('TEST_URL'), token: secret('TEST_TOKEN') } as const
  const root = 'a root secret for tests of exactly fifty characters'
  // What a configuration must name; the driver above knows where the bridge really is.
  const secrets = { POSTERN_ROOT_SECRET: root, TEST_URL: 'https://redis.example', TEST_TOKEN: bridge.token }
  const store = redisStore(driver, { prefix, turns: 'none' })
  const bench = await workbench(POLICIES, { store: kind }, { store, secrets })
  onTestFinished(() => bench.close())
  const tick = requestClock(() => bench.clock.now * 1000)
  const request = async () => {
    bench.calls.length = 0
    tick(bench.gateway)
    await bench.settle()
    return [...bench.calls]
  }
  return { bench, request }
}

/** What the index still names, whether it is over or not. */
const named = (prefix: string) => server.command('HLEN', `${prefix}:{~index}:info`)
const later = (bench: Workbench, seconds: number) => {
  bench.clock.now += seconds
}

test('requests sweep what is over out of the index, one isolate for all, and look for guests next (S9, S37)', async () => {
  const prefix = `sweep-${++prefixes}`
  const [one, two] = [await isolateOn(prefix), await isolateOn(prefix)]
  await one.bench.signedIn(['player'])
  const sweeping = await one.request()
  expect(sweeping).toEqual(['rates.hit', 'sessions.sweep', 'sessions.count'])
  const told = one.bench.observed.filter(({ kind }) => kind === 'sessions-counted')
  expect(told).toEqual([{ kind: 'sessions-counted', active: 1, total: 1, activeWithinSeconds: 1800 }])
  expect(await two.request()).toEqual(['rates.hit'])
  expect(await one.request()).toEqual(['rates.hit', 'directory.overdueGuests'])
  expect(await one.request()).toEqual([])
  expect(await named(prefix)).toBe(':1\r\n')
  for (const { bench } of [one, two]) later(bench, 28_800)
  expect(await two.request()).toEqual(['rates.hit', 'sessions.sweep', 'sessions.count'])
  expect(await named(prefix)).toBe(':0\r\n')
  expect(await one.request()).toEqual(['rates.hit'])
})

test('a request a minute is enough for both kinds of work', async () => {
  const { bench, request } = await isolateOn(`sweep-${++prefixes}`)
  const done: string[] = []
  for (let minute = 0; minute < 12; minute++) {
    done.push(...(await request()))
    later(bench, 61)
  }
  const sweeps = done.filter((call) => call === 'sessions.sweep').length
  expect([sweeps, done.filter((call) => call === 'directory.overdueGuests').length]).toEqual([2, 10])
})

test('a sweep that a silent store cut short is done at the next turn', async () => {
  const prefix = `sweep-${++prefixes}`
  const { bench, request } = await isolateOn(prefix)
  await bench.signedIn(['player'])
  later(bench, 28_800)
  const heal = silence(bench.store.sessions, 'sweep')
  await request().catch(() => undefined)
  heal()
  expect(await named(prefix)).toBe(':1\r\n')
  later(bench, SWEEP_EVERY_MS / 1000)
  await request()
  expect(await named(prefix)).toBe(':0\r\n')
})

test('a store that keeps its own time is left alone', async () => {
  const bench = await workbench(POLICIES)
  onTestFinished(() => bench.close())
  bench.calls.length = 0
  requestClock(Date.now)(bench.gateway)
  await bench.settle()
  expect(bench.calls).toEqual([])
})
