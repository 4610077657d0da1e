import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RedisDriver } from '../../../src/adapters/redis/driver.ts'
import { connectTcp, type TcpConnection } from '../../../src/adapters/redis/tcp.ts'
import { seconds } from '../../../src/core/brand.ts'
import { StoreUnavailable } from '../../../src/ports/store.ts'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'
import { contradictions } from './contradictions.ts'
import { MOMENTS, OPERATIONS, scene } from './operations.ts'
import { all, at, dying, note, person, proof, storeOver, T0 } from './scene.ts'

let server: RedisServer
let connection: TcpConnection
let driver: RedisDriver
let scenes = 0
beforeAll(async () => {
  server = await startRedis()
  connection = await connectTcp({ urls: [server.url], cluster: false, timeoutMs: 5_000 })
  driver = connection.driver
})
afterAll(async () => {
  connection.close()
  await server.stop()
})

/** Runs an operation in a process that dies at its n-th call; tells whether it got that far. */
async function died(name: string, prefix: string, call: number, when: 'before' | 'after'): Promise<boolean> {
  const operation = OPERATIONS[name]
  if (operation === undefined) throw new Error(name)
  const outcome = await operation(storeOver(dying(driver, call, when), prefix)).then(
    () => false,
    (thrown: unknown) => thrown instanceof StoreUnavailable,
  )
  return outcome
}

test.each(Object.keys(OPERATIONS))('the sweep mends %s, wherever it was cut off', async (name) => {
  const problems: string[] = []
  for (const when of ['before', 'after'] as const) {
    for (let call = 1; call < 60; call++) {
      scenes += 1
      const prefix = `crash-${scenes}`
      await scene(storeOver(driver, prefix))
      const cut = await died(name, prefix, call, when)
      const survivor = storeOver(driver, prefix)
      const now = seconds((MOMENTS[name] ?? T0) + 3_600)
      await survivor.sessions.sweep(now)
      const found = await contradictions(survivor, server, prefix, now)
      if (found.length > 0) problems.push(`${when} call ${call}: ${found.join(', ')}`)
      if (!cut) break
    }
  }
  expect(problems).toEqual([])
})

test.each(['before', 'after'] as const)('the next sign-in finishes one that died %s any of its calls', async (when) => {
  for (let call = 1; call < 20; call++) {
    scenes += 1
    const prefix = `crash-${scenes}`
    const cut = await died('signIn() of a new person', prefix, call, when)
    const store = storeOver(driver, prefix)
    const signed = await store.directory.signIn(proof('fresh'), person(9), at(1), note('sign-up', person(9), at(1)))
    expect(signed.kind).not.toBe('closed')
    const found = await store.directory.find(proof('fresh').issuer, 'fresh')
    expect(signed.kind === 'closed' ? null : signed.user.id).toBe(found?.id)
    expect(await all((after) => store.directory.search('', { after, limit: 5 }))).toHaveLength(1)
    if (!cut) break
  }
})
