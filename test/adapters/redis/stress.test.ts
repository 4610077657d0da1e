import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectTcp, type TcpConnection } from '../../../src/adapters/redis/tcp.ts'
import type { User } from '../../../src/core/person.ts'
import { type Store, StoreUnavailable } from '../../../src/ports/store.ts'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'
import { contradictions } from './contradictions.ts'
import { SUBJECTS } from './operations.ts'
import { all, at, device, dying, enrolled, note, person, proof, roles, storeOver, T0 } from './scene.ts'

let server: RedisServer
let connection: TcpConnection
beforeAll(async () => {
  server = await startRedis()
  connection = await connectTcp({ urls: [server.url], cluster: false, timeoutMs: 10_000 })
})
afterAll(async () => {
  connection.close()
  await server.stop()
})

/** A row of numbers below a bound, always the same for the same seed. */
function lots(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * bound)
  }
}

const admins = roles('admin')

/** One change drawn by lot, by and to few enough people that they meet. */
async function change(store: Store, draw: (bound: number) => number, sid: string): Promise<unknown> {
  const subject = SUBJECTS[draw(SUBJECTS.length)] ?? 's0'
  const known = await all((after) => store.directory.search('', { after, limit: 100 }))
  const user = known[draw(known.length)] ?? person(0)
  const other = known[draw(known.length)] ?? user
  const fresh: User = { ...person(0), ...{ id: `made-${sid}` as User['id'], tag: `tag${sid}` as User['tag'] } }
  const session = device(user, sid, { character: draw(2) === 0 ? null : { id: '7', name: 'Hero', world: 'north' } })
  const mine = (await store.sessions.list(user, T0))[0]
  const about = (event: Parameters<typeof note>[0]) => note(event, user)
  const changes: readonly (() => Promise<unknown>)[] = [
    () => store.directory.signIn(proof(subject), { ...fresh, roles: admins }, T0, note('sign-up', fresh)),
    () => store.directory.signIn(proof(subject), fresh, T0, note('sign-up', fresh)),
    () =>
      store.directory.link(user, proof(subject), draw(2) === 0 ? 'primary' : 'secondary', T0, about('identity-linked')),
    () => store.directory.unlink(user, proof(subject).issuer, subject, about('identity-unlinked')),
    () => store.directory.setRoles(user, roles('player'), null, admins, about('roles-changed')),
    () => store.directory.setRoles(other, admins, null, admins, note('roles-changed', other)),
    () => store.directory.remove(user, admins, T0, about('user-removed')),
    () => store.sessions.create(session, { max: 3, excess: 'evict_oldest' }, about('sign-in')),
    () => store.sessions.create(session, null, about('sign-in')),
    async () =>
      mine && store.sessions.select(mine.key, { id: '8', name: 'Other', world: 'south' }, about('character-selected')),
    async () => mine && store.sessions.revoke(mine.key, 'signed-out', T0, about('sign-out')),
    async () => mine && store.sessions.extend(mine.key, mine.version, at(draw(600)), at(30_000)),
    async () =>
      mine &&
      store.sessions.rotate(mine.key, { ...mine, key: device(user, `r${sid}`).key }, at(30), about('session-rotated')),
    () => store.sessions.revokeUser(user, 'kicked', T0, about('session-revoked')),
    () => store.sessions.revokeCharacter('7', null, T0, note('session-revoked')),
    () => store.sessions.releaseCharacter('8', null, T0, note('character-selected')),
    async () => (draw(20) === 0 ? store.sessions.revokeAll(T0, note('session-revoked')) : null),
  ]
  return changes[draw(changes.length)]?.()
}

async function crowd(prefix: string, seed: number, deaths: 'some die' | 'all live'): Promise<void> {
  await enrolled(storeOver(connection.driver, prefix), 0, { roles: admins })
  const worker = async (n: number): Promise<void> => {
    const draw = lots(seed * 100 + n)
    for (let turn = 0; turn < 40; turn++) {
      const dies = deaths === 'some die' && draw(4) === 0
      const driver = dies
        ? dying(connection.driver, 1 + draw(12), draw(2) === 0 ? 'before' : 'after')
        : connection.driver
      await change(storeOver(driver, prefix), draw, `${n}x${turn}`).catch((thrown: unknown) => {
        if (!(thrown instanceof StoreUnavailable)) throw thrown
      })
    }
  }
  await Promise.all(Array.from({ length: 12 }, (_, n) => worker(n)))
}

/** The guard let the last admin neither go nor be removed, whoever asked at the same time. */
async function adminsLeft(store: Store): Promise<number> {
  const people = await all((after) => store.directory.search('', { after, limit: 100 }))
  return people.filter((user) => user.roles.some((role) => admins.includes(role))).length
}

test.each([1, 2, 3, 4, 5, 6])(
  'a crowd that changes everything at once leaves no contradiction (seed %i)',
  async (seed) => {
    const prefix = `crowd-${seed}`
    await crowd(prefix, seed, 'all live')
    const store = storeOver(connection.driver, prefix)
    expect(await contradictions(store, server, prefix, at(1_000))).toEqual([])
    expect(await adminsLeft(store)).toBeGreaterThan(0)
  },
)

test.each([7, 8, 23, 34, 59, 64])(
  'nor does one of which some die on the way, after a sweep (seed %i)',
  async (seed) => {
    const prefix = `crowd-${seed}`
    await crowd(prefix, seed, 'some die')
    const store = storeOver(connection.driver, prefix)
    await store.sessions.sweep(at(3_600))
    expect(await contradictions(store, server, prefix, at(3_600))).toEqual([])
    expect(await adminsLeft(store)).toBeGreaterThan(0)
  },
)
