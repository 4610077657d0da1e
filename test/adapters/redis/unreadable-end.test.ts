import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keyName } from '../../../src/adapters/redis/names.ts'
import { redisStore } from '../../../src/adapters/redis/store.ts'
import { connectTcp, type TcpConnection } from '../../../src/adapters/redis/tcp.ts'
import type { SessionKey } from '../../../src/core/brand.ts'
import type { UserRef } from '../../../src/core/person.ts'
import type { Store } from '../../../src/ports/store.ts'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'
import { at, device, note, person, proof, T0 } from './scene.ts'

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

/** One session whose stored numbers are `change` of what was written: seen, idle end, end, version, created, epoch. */
async function sessionWith(
  change: (numbers: string[]) => readonly string[],
): Promise<{ store: Store; user: UserRef; key: SessionKey }> {
  const prefix = `unreadable-${++stores}`
  const store = redisStore(connection.driver, { prefix, turns: 'in-process' })
  const user = person(1)
  await store.directory.signIn(proof('ada'), user, T0, note('sign-up', user))
  const session = device(user, 'phone')
  await store.sessions.create(session, null, note('sign-in', user))
  const [, hash = ''] = session.key.split('.')
  const key = keyName(prefix, user.tag, 'meta')
  const [, line = ''] = (await server.command('HGET', key, hash)).split('\r\n')
  const numbers = line.split(' ').slice(0, 6)
  const changed = [...change(numbers), ...line.split(' ').slice(6)].join(' ')
  await server.command('HSET', key, hash, changed)
  return { store, user, key: session.key }
}

/** An end in the place of both: what is no whole number of seconds that we write is no end. */
const ENDS = [
  '',
  'some-day',
  'inf',
  '-inf',
  'nan',
  '-nan',
  '1e12',
  '0x7fffffffff',
  '1800000100.5',
  '-1',
  '9'.repeat(20),
]

describe('a stored end that cannot be read is over: no outage, and nothing that lives for ever (seeds S16)', () => {
  test.each(ENDS)('idle end %j', async (end) => {
    const { store, user, key } = await sessionWith(([seen = '', , ...rest]) => [seen, end, ...rest])
    expect((await store.sessions.read(key, at(1))).kind).not.toBe('live')
    expect(await store.sessions.list(user, at(1))).toEqual([])
  })

  test.each(ENDS)('absolute end %j', async (end) => {
    const { store, key } = await sessionWith(([seen = '', idle = '', , ...rest]) => [seen, idle, end, ...rest])
    expect(await store.sessions.extend(key, 1, at(1), at(100))).toBe('gone')
    expect((await store.sessions.read(key, at(1))).kind).not.toBe('live')
    // Met once, it is removed.
    expect((await store.sessions.count(at(1), 0)).total).toBe(0)
  })

  test.each(ENDS)('both ends %j: the lists pass it by, and the sweep removes it', async (end) => {
    const { store, user, key } = await sessionWith(([seen = '', , , ...rest]) => [seen, end, end, ...rest])
    expect(await store.sessions.list(user, at(1))).toEqual([])
    expect(await store.sessions.presence(user, at(1))).toEqual({ online: false, worlds: [] })
    expect((await store.sessions.listAll({ world: null }, { after: null, limit: 10 }, at(1))).items).toEqual([])
    await store.sessions.sweep(at(604_801))
    expect((await store.sessions.read(key, at(604_801))).kind).not.toBe('live')
    expect((await store.sessions.count(at(604_801), 0)).total).toBe(0)
  })

  test('a line of nothing but words is over too', async () => {
    const { store, user, key } = await sessionWith(() => ['garbage'])
    expect((await store.sessions.read(key, at(1))).kind).not.toBe('live')
    expect(await store.sessions.list(user, at(1))).toEqual([])
  })
})
