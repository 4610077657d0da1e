import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RedisDriver } from '../../../src/adapters/redis/driver.ts'
import { connectTcp, type TcpConnection } from '../../../src/adapters/redis/tcp.ts'
import type { User } from '../../../src/core/person.ts'
import { type Store, StoreUnavailable } from '../../../src/ports/store.ts'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'
import { at, enrolled, note, roles, storeOver } from './scene.ts'

let server: RedisServer
let connection: TcpConnection
beforeAll(async () => {
  server = await startRedis()
  connection = await connectTcp({ urls: [server.url], cluster: false, timeoutMs: 5_000 })
})
afterAll(async () => {
  connection.close()
  await server.stop()
})

const admins = roles('admin')

function demote(store: Store, user: User) {
  return store.directory.setRoles(user, roles('player'), null, admins, note('roles-changed', user))
}

/** A driver that does something else before the first call of a script. */
function interrupted(name: string, meanwhile: () => Promise<unknown>): RedisDriver {
  let isFirst = true
  return {
    async run(script, keys, args) {
      if (script.name === name && isFirst) {
        isFirst = false
        await meanwhile()
      }
      return connection.driver.run(script, keys, args)
    },
  }
}

/** A driver whose process dies before it makes anything known to the index. */
const mute: RedisDriver = {
  async run(script, keys, args) {
    if (script.name === 'apply-effects') throw new StoreUnavailable(script.name, 'crashed')
    return connection.driver.run(script, keys, args)
  },
}

async function scene(prefix: string) {
  const store = storeOver(connection.driver, prefix)
  const [ada, ben] = [await enrolled(store, 0, { roles: admins }), await enrolled(store, 1, { roles: admins })]
  return { store, ada, ben }
}

test('two who take the same admin away hold a claim each: what one lets go does not let the last admin go', async () => {
  const { store, ada, ben } = await scene('claims-two')
  const died = () => demote(storeOver(mute, 'claims-two'), ben).catch((thrown: unknown) => thrown)
  // The second has been told that it needs a claim when the first takes the role away, and dies before the index hears of it.
  const second = storeOver(interrupted('admin-claim', died), 'claims-two')
  expect((await demote(second, ben)).kind).toBe('unchanged')
  expect((await demote(store, ada)).kind).toBe('last-admin')
  await store.sessions.sweep(at(3_600))
  expect((await store.directory.read(ben.id))?.roles).toEqual(roles('player'))
  expect((await demote(store, ada)).kind).toBe('last-admin')
})

test('a claim that a dead change holds ends with the sweep: its admin counts again', async () => {
  const { store, ada, ben } = await scene('claims-dead')
  const early: RedisDriver = {
    async run(script, keys, args) {
      const reply = await connection.driver.run(script, keys, args)
      if (script.name === 'admin-claim') throw new StoreUnavailable(script.name, 'crashed')
      return reply
    },
  }
  await expect(demote(storeOver(early, 'claims-dead'), ben)).rejects.toThrow(StoreUnavailable)
  expect((await demote(store, ada)).kind).toBe('last-admin')
  await store.sessions.sweep(at(3_600))
  expect((await demote(store, ada)).kind).toBe('changed')
  expect((await demote(store, ben)).kind).toBe('last-admin')
})
