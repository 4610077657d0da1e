import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RedisDriver } from '../../../src/adapters/redis/driver.ts'
import { connectTcp, type TcpConnection } from '../../../src/adapters/redis/tcp.ts'
import { type RoleName, type Seconds, seconds } from '../../../src/core/brand.ts'
import { type Store, StoreUnavailable } from '../../../src/ports/store.ts'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'
import { all, at, device, dying, enrolled, note, person, proof, roles, storeOver, T0, visitor } from './scene.ts'

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

const USERS = 6
const SUBJECTS = ['s0', 's1', 's2', 's3', 's4', 's5', 'second', 'fresh', 'guest']
const hero = { id: '7', name: 'Hero', world: 'north' }

/** Five users with two sessions each, one of them admin, and a guest. */
async function scene(store: Store): Promise<void> {
  for (let n = 0; n < USERS; n++) {
    const user = n === 5 ? visitor(n) : await enrolled(store, n, n < 2 ? { roles: roles('admin') } : {})
    if (n === 5) await store.directory.createGuest(user, note('guest-created', user))
    await store.sessions.create(device(user, 'a'), null, note('sign-in', user))
    await store.sessions.create(device(user, 'b', { createdAt: at(1), character: hero }), null, note('sign-in', user))
  }
  await store.directory.link(person(3), proof('second'), 'secondary', T0, note('identity-linked', person(3)))
}

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

const admins = roles('admin')
const later = at(86_500)
const OPERATIONS: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  'signIn() of a new person': (store) =>
    store.directory.signIn(proof('fresh'), person(8), T0, note('sign-up', person(8))),
  'signIn() of a known person': (store) => store.directory.signIn(proof('s2'), null, T0, note('sign-in', person(2))),
  'createGuest()': (store) => store.directory.createGuest(visitor(9), note('guest-created', visitor(9))),
  'promote()': (store) =>
    store.directory.promote(visitor(5), proof('guest'), 'player' as RoleName, T0, note('guest-promoted', visitor(5))),
  'link()': (store) =>
    store.directory.link(person(2), proof('fresh'), 'primary', T0, note('identity-linked', person(2))),
  'unlink()': (store) =>
    store.directory.unlink(person(3), proof('second').issuer, 'second', note('identity-unlinked', person(3))),
  'setPrimary()': (store) =>
    store.directory.setPrimary(person(3), proof('second').issuer, 'second', note('identity-primary', person(3))),
  'setRoles()': (store) =>
    store.directory.setRoles(person(0), roles('player'), null, admins, note('roles-changed', person(0))),
  'setStanding()': (store) =>
    store.directory.setStanding(
      person(0),
      { kind: 'banned', reason: 'x' },
      admins,
      T0,
      note('standing-changed', person(0)),
    ),
  'setAttributes()': (store) =>
    store.directory.setAttributes(person(2), { level: 3 }, note('attributes-changed', person(2))),
  'remove()': (store) => store.directory.remove(person(0), admins, T0, note('user-removed', person(0))),
  'purgeGuests()': (store) => store.directory.purgeGuests(later, note('user-removed', null, later)),
  'create()': (store) =>
    store.sessions.create(device(person(2), 'c'), { max: 1, excess: 'evict_oldest' }, note('sign-in', person(2))),
  'rotate()': (store) =>
    store.sessions.rotate(
      device(person(2), 'a').key,
      { ...device(person(2), 'z'), sid: device(person(2), 'a').sid, version: 2 },
      at(30),
      note('session-rotated', person(2)),
    ),
  'select()': (store) => store.sessions.select(device(person(2), 'a').key, hero, note('character-selected', person(2))),
  'select() of nobody': (store) =>
    store.sessions.select(device(person(2), 'b').key, null, note('character-selected', person(2))),
  'revoke()': (store) =>
    store.sessions.revoke(device(person(2), 'b').key, 'signed-out', T0, note('sign-out', person(2))),
  'revokeUser()': (store) => store.sessions.revokeUser(person(2), 'kicked', T0, note('session-revoked', person(2))),
  'revokeCharacter()': (store) => store.sessions.revokeCharacter('7', 'north', T0, note('session-revoked')),
  'revokeAll()': (store) => store.sessions.revokeAll(T0, note('session-revoked')),
  'extend()': (store) => store.sessions.extend(device(person(2), 'a').key, 1, at(60), at(30_000)),
  'read() of an expired session': (store) => store.sessions.read(device(person(2), 'a').key, at(28_800)),
  'sweep()': (store) => store.sessions.sweep(at(28_800)),
  'tokens.revoke()': (store) => store.tokens.revoke(person(2), 'none', note('token-revoked', person(2))),
  'audit.append()': (store) => store.audit.append(note('policy-refused')),
  'policies.push()': (store) =>
    store.policies.push({ hash: 'h', parent: null, bundle: '{}', pushedAt: T0, active: true }, note('policy-changed')),
}

/** When operations take place that do so later than the rest. */
const MOMENTS: Readonly<Record<string, Seconds>> = {
  'purgeGuests()': later,
  'read() of an expired session': at(28_800),
  'sweep()': at(28_800),
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
