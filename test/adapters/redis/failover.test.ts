import { afterEach, expect, test } from 'vitest'
import { connectTcp, type TcpConnection } from '../../../src/adapters/redis/tcp.ts'
import { seconds } from '../../../src/core/brand.ts'
import { StoreUnavailable } from '../../../src/ports/store.ts'
import { startCuttable } from '../../support/cuttable.ts'
import { freePorts } from '../../support/ports.ts'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'
import { at, device, enrolled, note, storeOver } from './scene.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function redis(): Promise<RedisServer> {
  const server = await startRedis()
  closers.push(() => server.stop())
  return server
}

async function connected(port: number, credentials = ''): Promise<TcpConnection> {
  const urls = [`redis://${credentials}127.0.0.1:${port}`]
  const connection = await connectTcp({ urls, cluster: false, timeoutMs: 300 })
  closers.push(() => connection.close())
  return connection
}

const reasonOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (thrown: unknown) => (thrown instanceof StoreUnavailable ? thrown.message : String(thrown)),
  )

/** How many clients a server has, beside other servers and the one that asks. */
const clientsOf = async (server: RedisServer) =>
  (await server.command('CLIENT', 'LIST', 'TYPE', 'normal')).split('\n').filter((line) => line.includes('id=')).length -
  1

test('a connection to a server that became a replica is left for whoever its name leads to now, by commands and by news', async () => {
  const [first, second] = [await redis(), await redis()]
  const wire = await startCuttable(first.port)
  closers.push(() => wire.stop())
  const connection = await connected(wire.port)
  const heard: string[] = []
  connection.hear('news', (text) => heard.push(text))
  const store = storeOver(connection.driver, 'over')
  const user = await enrolled(store, 1)
  const session = device(user, 'a')
  await store.sessions.create(session, null, note('sign-in', user))
  await second.command('REPLICAOF', '127.0.0.1', String(first.port))
  await expect.poll(() => second.command('DBSIZE'), { timeout: 10_000 }).toBe(await first.command('DBSIZE'))
  await second.command('REPLICAOF', 'NO', 'ONE')
  await first.command('REPLICAOF', '127.0.0.1', String(second.port))
  wire.lead(second.port)

  expect(await reasonOf(store.rates.hit('here', 1_000, seconds(60), at(1)))).toMatch(/READONLY/)
  await expect
    .poll(() => reasonOf(store.sessions.revoke(session.key, 'kicked', at(2), note('session-revoked', user))), {
      timeout: 10_000,
    })
    .toBe('done')
  expect((await store.sessions.read(session.key, at(3))).kind).toBe('ended')
  await expect
    .poll(
      async () => {
        await second.command('PUBLISH', 'news', 'hello')
        return heard
      },
      { timeout: 10_000 },
    )
    .toContain('hello')
  await expect.poll(() => clientsOf(first), { timeout: 10_000 }).toBe(0)
})

test('reads of a replica that stays one are answered all the time', async () => {
  const [master, replica] = [await redis(), await redis()]
  const store = storeOver((await connected(master.port)).driver, 'stay')
  const user = await enrolled(store, 1)
  const session = device(user, 'a')
  await store.sessions.create(session, null, note('sign-in', user))
  await replica.command('REPLICAOF', '127.0.0.1', String(master.port))
  await expect.poll(() => replica.command('DBSIZE'), { timeout: 10_000 }).toBe(await master.command('DBSIZE'))
  const here = storeOver((await connected(replica.port)).driver, 'stay')
  const seen = new Set<string>()
  for (let n = 0; n < 30; n++) {
    expect(await reasonOf(here.rates.hit('here', 1_000, seconds(60), at(1)))).toMatch(/READONLY/)
    seen.add(await reasonOf(here.sessions.read(session.key, at(1)).then(({ kind }) => expect(kind).toBe('live'))))
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  expect([...seen]).toEqual(['done'])
  await expect.poll(() => clientsOf(replica), { timeout: 10_000 }).toBeLessThanOrEqual(2)
})

test.each<[string, () => Promise<{ readonly port: number; readonly credentials?: string }>, RegExp]>([
  ['nobody listens', async () => ({ port: await freePorts(1) }), /no connection \(ECONNREFUSED\)$/],
  [
    'the password is another one',
    async () => {
      const server = await redis()
      await server.command('CONFIG', 'SET', 'requirepass', 'right')
      return { port: server.port, credentials: ':wrong@' }
    },
    /no connection \(WRONGPASS\)$/,
  ],
  [
    'a password is wanted',
    async () => {
      const server = await redis()
      await server.command('CONFIG', 'SET', 'requirepass', 'right')
      return { port: server.port }
    },
    /no connection \(NOAUTH\)$/,
  ],
  [
    'there are too many clients',
    async () => {
      const server = await redis()
      await connected(server.port)
      await server.command('CONFIG', 'SET', 'maxclients', '1')
      return { port: server.port }
    },
    /no connection/,
  ],
])('an outage says why there is no connection: %s', async (_, given, expected) => {
  const { port, credentials } = await given()
  const store = storeOver((await connected(port, credentials)).driver, 'why')
  await expect.poll(() => reasonOf(store.directory.find('i', 's')), { timeout: 5_000 }).toMatch(expected)
})
