import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RedisDriver, Reply } from '../../../src/adapters/redis/driver.ts'
import { keyName } from '../../../src/adapters/redis/names.ts'
import { connectTcp, type TcpConnection } from '../../../src/adapters/redis/tcp.ts'
import type { User } from '../../../src/core/person.ts'
import type { Checkpoint } from '../../../src/ports/audit.ts'
import type { Store } from '../../../src/ports/store.ts'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'
import { at, enrolled, note, storeOver } from './scene.ts'

let server: RedisServer
let connection: TcpConnection
let stores = 0
beforeAll(async () => {
  server = await startRedis()
  connection = await connectTcp({ urls: [server.url], cluster: false, timeoutMs: 5_000 })
})
afterAll(async () => {
  connection.close()
  await server.stop()
})

const signed = async ({ chain, sequence, hash }: Checkpoint) => `signed ${chain} ${sequence} ${hash}`

/** A driver that lets something happen behind the answer of a script, before whoever asked reads it. */
function meanwhile(driver: RedisDriver, script: string, happen: (time: number) => Promise<unknown>): RedisDriver {
  let times = 0
  return {
    async run(asked, keys, args): Promise<Reply> {
      const reply = await driver.run(asked, keys, args)
      if (asked.name === script) await happen(++times)
      return reply
    },
  }
}

/** One user whose chain has this many records, a second apart. */
async function chainOf(records: number): Promise<{ prefix: string; store: Store; user: User }> {
  const prefix = `audit-${++stores}`
  const store = storeOver(connection.driver, prefix)
  const user = await enrolled(store, 1)
  for (let n = 1; n < records; n++) {
    await store.directory.setAttributes(user, { n }, note('attributes-changed', user, at(n)))
  }
  return { prefix, store, user }
}

test('verify() counts what was there when it began, and is intact while somebody writes', async () => {
  const { prefix, store, user } = await chainOf(3)
  const write = (n: number) =>
    store.directory.setAttributes(user, { n: n + 100 }, note('attributes-changed', user, at(n + 100)))
  const walking = storeOver(meanwhile(connection.driver, 'chain-ends', write), prefix)
  expect(await walking.audit.verify()).toEqual({ kind: 'intact', records: 3 })
  expect(await store.audit.verify()).toEqual({ kind: 'intact', records: 4 })
})

test('verify() begins a chain anew when a retention takes its front away meanwhile', async () => {
  const { prefix, store } = await chainOf(6)
  const retain = (time: number) => (time === 1 ? store.audit.retain(at(4), signed) : Promise.resolve())
  const walking = storeOver(meanwhile(connection.driver, 'chain-ends', retain), prefix)
  expect(await walking.audit.verify()).toEqual({ kind: 'intact', records: 2 })
})

test('verify() is intact when a retention takes all of a chain away meanwhile', async () => {
  const { prefix, store } = await chainOf(3)
  const retain = (time: number) => (time === 1 ? store.audit.retain(at(99), signed) : Promise.resolve())
  const walking = storeOver(meanwhile(connection.driver, 'chain-ends', retain), prefix)
  expect(await walking.audit.verify()).toEqual({ kind: 'intact', records: 0 })
})

test('verify() finds a record that was changed, also while somebody writes', async () => {
  const { prefix, store, user } = await chainOf(3)
  const log = keyName(prefix, user.tag, 'log')
  const [, line = ''] = (await server.command('LINDEX', log, '1')).split('\r\n')
  await server.command('LSET', log, '1', line.replace('request-1', 'request-2'))
  const write = (n: number) => store.directory.setAttributes(user, { n: n + 100 }, note('attributes-changed', user))
  const walking = storeOver(meanwhile(connection.driver, 'chain-ends', write), prefix)
  expect(await walking.audit.verify()).toEqual({ kind: 'broken', chain: user.tag, sequence: 2, problem: 'changed' })
})

test('verify() finds a record that was taken out of the middle and one that was cut off the end', async () => {
  const { prefix, store, user } = await chainOf(4)
  const log = keyName(prefix, user.tag, 'log')
  const [, line = ''] = (await server.command('LINDEX', log, '1')).split('\r\n')
  await server.command('LREM', log, '1', line)
  expect(await store.audit.verify()).toMatchObject({ kind: 'broken', sequence: 2, problem: 'out of order' })
  const other = await chainOf(4)
  await server.command('RPOP', keyName(other.prefix, other.user.tag, 'log'))
  expect(await other.store.audit.verify()).toMatchObject({ kind: 'broken', sequence: 4, problem: 'missing' })
})

test('verify(), retain() and checkpoints() walk chains side by side, sixteen at most', async () => {
  const prefix = `audit-${++stores}`
  const store = storeOver(connection.driver, prefix)
  for (let n = 1; n <= 40; n++) await enrolled(store, n)
  let [now, most] = [0, 0]
  const driver: RedisDriver = {
    async run(asked, keys, args): Promise<Reply> {
      now += 1
      most = Math.max(most, now)
      const reply = await connection.driver.run(asked, keys, args)
      now -= 1
      return reply
    },
  }
  const walking = storeOver(driver, prefix)
  const held = async (run: () => Promise<unknown>) => {
    most = 0
    return { came: await run(), most }
  }
  expect(await held(() => walking.audit.verify())).toEqual({ came: { kind: 'intact', records: 40 }, most: 16 })
  expect(await held(() => walking.audit.retain(at(99), signed))).toEqual({ came: 40, most: 16 })
  const made = await held(() => walking.audit.checkpoints())
  expect([(made.came as unknown[]).length, made.most]).toEqual([40, 16])
})
