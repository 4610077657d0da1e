import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RedisDriver } from '../../../src/adapters/redis/driver.ts'
import { connectTcp, type TcpConnection } from '../../../src/adapters/redis/tcp.ts'
import { type Seconds, seconds } from '../../../src/core/brand.ts'
import { type Store, StoreUnavailable } from '../../../src/ports/store.ts'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'
import { MOMENTS, OPERATIONS, SUBJECTS, scene } from './operations.ts'
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

/** What the lists and indexes say that the users' own records do not, or the other way round. */
async function contradictions(store: Store, prefix: string, now: Seconds): Promise<readonly string[]> {
  const found: string[] = []
  const people = await all((after) => store.directory.search('', { after, limit: 3 }))
  const listed = await all((after) => store.sessions.listAll({ world: null }, { after, limit: 3 }, now))
  const inWorld = await all((after) => store.sessions.listAll({ world: 'north' }, { after, limit: 3 }, now))
  const own = (await Promise.all(people.map((user) => store.sessions.list(user, now)))).flat()
  const count = await store.sessions.count(now, 0)
  const sids = (sessions: readonly { readonly sid: string }[]) => JSON.stringify(sessions.map(({ sid }) => sid).sort())
  if (sids(own) !== sids(listed.map(({ session }) => session))) found.push('listAll')
  const playing = own.filter(({ character }) => character?.world === 'north')
  if (sids(playing) !== sids(inWorld.map(({ session }) => session))) found.push('listAll of a world')
  if (playing.length > 0 !== (await store.sessions.charactersIn('north', now)).length > 0) found.push('charactersIn')
  if (count.total !== own.length || count.active !== own.length) found.push(`count ${count.total}, not ${own.length}`)
  for (const user of people) {
    if ((await store.directory.read(user.id))?.id !== user.id) found.push(`read ${user.id}`)
    for (const { issuer, subject } of await store.directory.identities(user)) {
      if ((await store.directory.find(issuer, subject))?.id !== user.id) found.push(`find ${subject}`)
    }
  }
  for (const subject of SUBJECTS) {
    const { issuer } = proof(subject)
    const owner = await store.directory.find(issuer, subject)
    const identities = owner === null ? [] : await store.directory.identities(owner)
    if (owner !== null && !identities.some((one) => one.subject === subject)) found.push(`identity ${subject}`)
  }
  const verified = await store.audit.verify()
  const filter = { from: null, to: null, subject: null, event: null }
  const trail = await all((after) => store.audit.read(filter, { after, limit: 7 }))
  if (verified.kind !== 'intact' || verified.records !== trail.length) found.push(`audit ${JSON.stringify(verified)}`)
  const pending = await server.command('ZCARD', `${prefix}:{~index}:pending`)
  if (pending !== ':0\r\n') found.push(`pending ${pending}`)
  const claims = await server.command('HLEN', `${prefix}:{~index}:claims`)
  if (claims !== ':0\r\n') found.push(`claims ${claims}`)
  return found
}

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
      const found = await contradictions(survivor, prefix, now)
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
