import { afterEach, expect, test } from 'vitest'
import { connectTcp } from '../../../src/adapters/redis/tcp.ts'
import { type Store, StoreUnavailable } from '../../../src/ports/store.ts'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'
import { at, device, enrolled, note, person, proof, roles, storeOver, T0 } from './scene.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function durable(): Promise<{ readonly server: RedisServer; open(): Promise<Store> }> {
  const server = await startRedis('append-only-always')
  closers.push(() => server.stop())
  return {
    server,
    async open() {
      const connection = await connectTcp({ urls: [server.url], cluster: false, timeoutMs: 2_000 })
      closers.push(() => connection.close())
      return storeOver(connection.driver, 'durable')
    },
  }
}

test('everything is there after an orderly restart with append-only persistence (S18)', async () => {
  const { server, open } = await durable()
  const before = await open()
  const user = await enrolled(before, 1)
  await before.sessions.create(device(user, 'a'), null, note('sign-in', user))
  await before.sessions.create(device(user, 'b'), null, note('sign-in', user))
  await before.sessions.revoke(device(user, 'b').key, 'kicked', at(1), note('session-revoked', user, at(1)))
  server.signal('SIGTERM')
  await server.restart()
  const after = await open()
  const found = await after.sessions.read(device(user, 'a').key, at(2))
  expect(found.kind === 'live' && found.user.id).toBe(user.id)
  expect(await after.sessions.read(device(user, 'b').key, at(2))).toEqual({
    kind: 'ended',
    reason: 'kicked',
    at: at(1),
  })
  expect(await after.sessions.count(at(2), 0)).toEqual({ active: 1, total: 1 })
  expect(await after.directory.find(proof('s1').issuer, 's1')).toEqual({ id: user.id, tag: user.tag })
  expect(await after.audit.verify()).toEqual({ kind: 'intact', records: 4 })
})

/** The n-th write: a session, a role change, a ban or a token; resolves only when it was acknowledged. */
async function write(store: Store, n: number): Promise<void> {
  const user = person(n)
  await store.directory.signIn(proof(`s${n}`), user, T0, note('sign-up', user))
  await store.sessions.create(device(user, 'a'), null, note('sign-in', user))
  if (n % 3 === 0)
    await store.directory.setRoles(user, roles('builder'), null, roles('admin'), note('roles-changed', user))
  if (n % 3 === 1) {
    const standing = { kind: 'banned', reason: 'cheating' } as const
    await store.directory.setStanding(user, standing, roles('admin'), T0, note('standing-changed', user))
  }
  if (n % 3 === 2) {
    const token = {
      ...{ id: `t${n}`, key: `${user.tag}.token`, owner: user.id, name: 'n', description: '', scopes: null },
      ...{ createdAt: T0, expiresAt: null, lastUsedAt: null, uses: 0, hourlyLimit: null },
    }
    await store.tokens.create(user, token, 50, note('token-created', user))
  }
}

/** What of an acknowledged write is missing. */
async function missing(store: Store, n: number): Promise<readonly string[]> {
  const user = person(n)
  const found = await store.sessions.read(device(user, 'a').key, at(1))
  if (found.kind !== 'live') return [`${n}: session ${found.kind}`]
  const lost: string[] = []
  if (n % 3 === 0 && found.user.roles.join() !== 'builder') lost.push(`${n}: role`)
  if (n % 3 === 1 && found.user.standing.kind !== 'banned') lost.push(`${n}: ban`)
  if (n % 3 === 2 && (await store.tokens.read(`${user.tag}.token`, at(1))).kind !== 'live') lost.push(`${n}: token`)
  return lost
}

test('kill -9 in the middle of 1,000 writes loses nothing that was acknowledged (DECISIONS 36)', async () => {
  const { server, open } = await durable()
  const store = await open()
  const acknowledged = new Set<number>()
  let started = 0
  let killed = false
  async function worker(): Promise<void> {
    while (started < 1_000 && !killed) {
      const n = started++
      const outcome = await write(store, n).then(
        () => 'done',
        (thrown: unknown) => (thrown instanceof StoreUnavailable ? 'unavailable' : thrown),
      )
      if (outcome === 'done') acknowledged.add(n)
      else expect(outcome).toBe('unavailable')
      if (acknowledged.size === 400 && !killed) {
        killed = true
        server.signal('SIGKILL')
      }
    }
  }
  await Promise.all(Array.from({ length: 20 }, worker))
  await server.restart()
  const after = await open()
  expect(acknowledged.size).toBeGreaterThanOrEqual(400)
  expect(started).toBeLessThan(1_000)
  const lost = await Promise.all(Array.from(acknowledged, (n) => missing(after, n)))
  expect(lost.flat()).toEqual([])
  // Whatever was cut off is either whole or mended, and no audit record is lost or doubled.
  await after.sessions.sweep(at(3_600))
  const verified = await after.audit.verify()
  expect(verified.kind).toBe('intact')
  const records = verified.kind === 'intact' ? verified.records : 0
  expect(records).toBeGreaterThanOrEqual(acknowledged.size * 3)
  expect(await server.command('ZCARD', 'durable:{~index}:pending')).toBe(':0\r\n')
  const { total } = await after.sessions.count(at(3_600), 0)
  expect(total).toBeGreaterThanOrEqual(acknowledged.size)
}, 60_000)
