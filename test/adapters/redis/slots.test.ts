import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectTcp, type TcpConnection } from '../../../src/adapters/redis/tcp.ts'
import { seconds } from '../../../src/core/brand.ts'
import type { Store } from '../../../src/ports/store.ts'
import { type RedisCluster, startCluster } from '../../support/redis-server.ts'
import { MOMENTS, OPERATIONS, scene } from './operations.ts'
import { type Asked, at, device, note, person, proof, roles, storeOver, T0, watched } from './scene.ts'

let cluster: RedisCluster
let connection: TcpConnection
beforeAll(async () => {
  cluster = await startCluster()
  connection = await connectTcp({ urls: cluster.urls, cluster: true, timeoutMs: 5_000 })
})
afterAll(async () => {
  connection.close()
  await cluster.stop()
})

/** CRC-16/XMODEM of what stands in the first braces, as the cluster specification says. */
function slotOf(key: string): number {
  const tag = /\{([^}]+)\}/.exec(key)?.[1] ?? key
  let crc = 0
  for (const byte of Buffer.from(tag, 'utf8')) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021
    crc &= 0xffff
  }
  return crc % 16_384
}

const page = { after: null, limit: 10 }
const key = { kid: 'k1', purpose: 'assertion', algorithm: 'ES256', sealed: '', publicJwk: '{}', createdAt: T0 } as const
const stored = { ...key, activeAt: T0, retiredAt: null }
const token = {
  ...{ id: 't1', key: 'scenetag2.token', owner: person(2).id, name: 'n', description: '', scopes: null },
  ...{ createdAt: T0, expiresAt: null, lastUsedAt: null, uses: 0, hourlyLimit: null },
}

/** One of every operation that the scene and the changes leave out. */
async function theRest(store: Store): Promise<void> {
  const user = person(2)
  await store.directory.read(user.id)
  await store.directory.find(proof('s2').issuer, 's2')
  await store.directory.identities(user)
  await store.directory.search('player', page)
  await store.sessions.presence(user, T0)
  await store.sessions.charactersIn('north', T0)
  await store.sessions.listAll({ world: 'north' }, page, T0)
  await store.sessions.count(T0, 60)
  await store.logins.peek('state', T0)
  await store.logins.take('state', T0)
  await store.logins.attach('state', { code: 'c', extra: null }, T0)
  await store.logins.begin({
    ...{ key: 'state', provider: 'p', purpose: 'sign-in', codeVerifier: 'v', nonce: 'n', returnTo: '/', sid: null },
    ...{ browser: 'b', remember: false, createdAt: T0, expiresAt: at(600), posted: null },
  })
  const posted = { code: 'c', extra: null }
  await store.logins.claim(
    {
      ...{ key: 'other', provider: 'p', purpose: 'sign-in', codeVerifier: 'v', nonce: 'n', returnTo: '/', sid: null },
      ...{ browser: 'b', remember: false, createdAt: T0, expiresAt: at(600), posted },
    },
    T0,
  )
  const { id, tag } = user
  await store.logins.follow('provider-sid.x', { user: id, tag, sid: device(user, 'a').sid, endsAt: at(600) }, 2, T0)
  await store.logins.followers('provider-sid.x', T0)
  await store.tickets.issue({ hash: 'h', sessionKey: 'k', path: '/', expiresAt: at(30) })
  await store.tickets.take('h', T0)
  await store.rates.hit('address {192.0.2.7}', 5, seconds(60), T0)
  const reserved = await store.quotas.reserve(user.id, user.tag, 'rooms', 1, T0, seconds(30))
  if (reserved.kind === 'reserved') await store.quotas.confirm(user.tag, reserved.id)
  await store.quotas.release(user.tag, 'none')
  await store.quotas.lower(user.id, user.tag, 'rooms')
  await store.quotas.set(user.id, user.tag, 'rooms', 3, note('quota-set', user))
  await store.quotas.used(user.id, user.tag, 'rooms', T0)
  await store.keys.list('assertion', T0)
  await store.keys.ensure('assertion', stored, T0)
  await store.keys.add({ ...stored, kid: 'k2' }, { kid: 'k1', at: at(60) }, note('key-rotated'))
  await store.keys.retire('k2', at(60), note('key-revoked'))
  await store.policies.active()
  await store.policies.read('h')
  await store.policies.activate(null, note('policy-changed'))
  await store.policies.history(3)
  await store.tokens.create(user, token, 50, note('token-created', user))
  await store.tokens.read(token.key, T0)
  await store.tokens.touch(token.key, T0, 1)
  await store.tokens.list(user, T0)
  await store.tokens.rotate(
    user,
    't1',
    { ...token, id: 't2', key: 'scenetag2.other' },
    at(60),
    note('token-rotated', user),
  )
  await store.tokens.revoke(user, 't2', note('token-revoked', user))
  await store.directory.setRoles(person(1), roles('player'), null, roles('admin'), note('roles-changed', person(1)))
  await store.sessions.read(device(user, 'a').key, T0)
  await store.audit.read({ from: null, to: null, subject: null, event: null }, page)
  await store.audit.verify()
  await store.audit.retain(at(1), async () => 'signed')
}

test('all keys of every operation share one slot of a real cluster', async () => {
  const { driver, asked } = watched(connection.driver)
  for (const [n, [name, operation]] of Object.entries(OPERATIONS).entries()) {
    const store = storeOver(driver, `slots-${n}`)
    await scene(store)
    await operation(store)
    await store.sessions.sweep(seconds((MOMENTS[name] ?? T0) + 3_600))
  }
  const store = storeOver(driver, 'slots-rest')
  await scene(store)
  await theRest(store)
  const apart = asked.filter(({ keys }: Asked) => keys.length === 0 || new Set(keys.map(slotOf)).size !== 1)
  expect(apart.map(({ script }) => script.name)).toEqual([])
  expect(new Set(asked.map(({ script }) => script.name)).size).toBeGreaterThan(60)
  // WHY: a hash tag that were the same for all would pass the check above and put everything on one node.
  expect(new Set(asked.map(({ keys }) => slotOf(keys[0] ?? ''))).size).toBeGreaterThan(10)
})

test('the records of users stand on all three nodes', async () => {
  const sizes = await Promise.all(cluster.nodes.map((node) => node.command('DBSIZE')))
  expect(sizes.map((size) => Number(size.slice(1)) > 0)).toEqual([true, true, true])
})
