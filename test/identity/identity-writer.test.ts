import { decodeJwt } from 'jose'
import { expect, test } from 'vitest'
import type { Permission, RoleName } from '../../src/core/brand.ts'
import { type Store, StoreUnavailable } from '../../src/ports/store.ts'
import { openSqliteStore } from '../../src/runtime/node-sqlite.ts'
import { workbench } from '../support/gateway.ts'
import { user } from './people.ts'

const POLICIES = {
  'roles.yaml': 'users: { defaultRole: player }\nroles:\n  player: { level: 1, permissions: [] }\n',
  'game.yaml': 'upstream: game\nrules:\n  - path: /open\n    access: public\n',
}

test('identityWriter() reads the keys once for the first request, not once to ask and once to sign', async () => {
  const bench = await workbench(POLICIES)
  expect((await bench.request('/open')).status).toBe(200)
  await bench.settle()
  expect(bench.calls.filter((call) => call === 'keys.list')).toHaveLength(1)
  bench.close()
})

test('identityWriter() tells of keys that cannot be read, and leaves no failure behind that nobody hears of', async () => {
  const unheard: unknown[] = []
  const hear = (reason: unknown) => void unheard.push(reason)
  process.on('unhandledRejection', hear)
  const opened = openSqliteStore(':memory:')
  const silent = () => Promise.reject(new StoreUnavailable('listKeys', 'silent'))
  const store: Store = { ...opened.store, keys: { ...opened.store.keys, list: silent } }
  const bench = await workbench(POLICIES, {}, { store })
  expect((await bench.request('/open')).status).toBe(503)
  await new Promise((resolve) => setTimeout(resolve, 20))
  process.off('unhandledRejection', hear)
  expect(unheard).toEqual([])
  bench.close()
})

test('identityWriter() tells of a token with scopes what a decision gives it, a pattern included', async () => {
  const bench = await workbench({
    ...POLICIES,
    'roles.yaml':
      'users: { defaultRole: player }\npermissions: [rooms.enter, rooms.build, games.view]\n' +
      'roles:\n  player: { level: 1, permissions: [rooms.enter, rooms.build, games.view] }\n',
  })
  const { gateway } = bench
  const [upstream] = gateway.config.upstreams
  if (upstream === undefined) throw new Error('no upstream')
  const told = async (...scopes: readonly string[]) => {
    const token = { id: scopes.join(), name: 'ci', scopes: scopes as readonly Permission[], fixed: false }
    const subject = { kind: 'token', user: user({ roles: ['player' as RoleName] }), token } as const
    const headers = await gateway.identity.headers(subject, gateway.policy(), upstream)
    return decodeJwt(headers.find(([name]) => /assertion/i.test(name))?.[1] ?? '')['permissions']
  }
  expect(await told('rooms.enter')).toEqual(['rooms.enter'])
  expect(await told('rooms.*')).toEqual(['rooms.build', 'rooms.enter'])
  expect(await told('nothing.of.it')).toEqual([])
  bench.close()
})
