import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Calls } from '../../../src/adapters/redis/call.ts'
import { indexOver } from '../../../src/adapters/redis/effects.ts'
import { type RedisStore, redisStore } from '../../../src/adapters/redis/store.ts'
import { connectTcp, type TcpConnection } from '../../../src/adapters/redis/tcp.ts'
import { upstashDriver } from '../../../src/adapters/redis/upstash.ts'
import type { Session } from '../../../src/core/person.ts'
import { SessionCache } from '../../../src/session/cache.ts'
import { sharedFlights } from '../../../src/session/flights.ts'
import { identify } from '../../../src/session/identify.ts'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'
import { startUpstashBridge, type UpstashBridge } from '../../support/upstash-bridge.ts'
import { at, device, note, person, proof, T0 } from './scene.ts'

const NAME = '__Host-postern'

/** A process: a store of its own on the shared server, and what it remembers. */
class Process {
  readonly store: RedisStore
  readonly cache = new SessionCache(16)

  constructor(store: RedisStore) {
    this.store = store
  }

  /** Who a cookie names, so many milliseconds after `T0`, to a process that may answer from memory for so long. */
  async sees({ key }: Session, ms: number, cacheMs = 5_000): Promise<string> {
    const { store, cache } = this
    const asking = { cookieName: NAME, readToken: () => key, sessions: store.sessions, cache, flights: sharedFlights() }
    const clock = { now: at(Math.floor(ms / 1000)), ticks: ms }
    const cookie = `${NAME}=${key}`
    const by = { ...asking, ...clock, cacheMs, tellEnds: true, freshness: 'remembered' } as const
    return (await identify({ cookie, authorization: null, apiToken: null }, by)).kind
  }
}

describe('the end of every session reaches other processes within 5 s (SPEC 2; DECISIONS 7)', () => {
  let server: RedisServer
  let bridge: UpstashBridge
  let connection: TcpConnection
  let made = 0
  let here: Process
  let there: Process
  let session: Session
  let other: Session
  beforeAll(async () => {
    server = await startRedis()
    bridge = await startUpstashBridge(server.url)
    connection = await connectTcp({ urls: [server.url], cluster: false, timeoutMs: 5_000 })
  })
  afterAll(async () => {
    connection.close()
    await bridge.stop()
    await server.stop()
  })
  beforeEach(async () => {
    made += 1
    const rest = upstashDriver({ url: bridge.url, token: bridge.token, timeoutMs: 5_000 })
    here = new Process(redisStore(connection.driver, { prefix: `epoch-${made}` }))
    there = new Process(redisStore(rest, { prefix: `epoch-${made}` }))
    const user = person(1)
    await here.store.directory.signIn(proof('one'), user, T0, note('sign-up', user))
    session = device(user, 'a')
    other = device(user, 'b')
    for (const one of [session, other]) await here.store.sessions.create(one, null, note('sign-in', user))
  })

  const end = () => here.store.sessions.revokeAll(T0, note('session-revoked', null))

  test('an answer is remembered for less long, the older the epoch that it was judged by', async () => {
    // The epoch is read with the first answer; what comes after it, up to 2.999 s, trusts it.
    expect(await there.sees(other, 0)).toBe('somebody')
    await end()
    expect(await there.sees(session, 2_999)).toBe('somebody')
    expect(await there.sees(session, 4_998)).toBe('somebody')
    expect(await there.sees(session, 4_999)).toBe('ended')
    expect(await there.sees(other, 5_000)).toBe('ended')
  })

  test('an epoch that was read before the clock was put back is read again', async () => {
    expect(await there.sees(other, 100_000)).toBe('somebody')
    await end()
    expect(await there.sees(session, 50_000)).toBe('ended')
  })

  test('an answer that read the epoch itself is remembered in full, with one look at the store', async () => {
    expect(await there.sees(session, 0)).toBe('somebody')
    await end()
    expect(await there.sees(session, 4_999)).toBe('somebody')
    expect(await there.sees(session, 5_000)).toBe('ended')
  })

  test('an answer is not remembered at all where the epoch is as old as anything may be', async () => {
    expect(await there.sees(other, 0, 2_000)).toBe('somebody')
    await end()
    expect(await there.sees(session, 2_999, 2_000)).toBe('somebody')
    expect(await there.sees(session, 3_000, 2_000)).toBe('ended')
  })

  test('forgetEpoch() makes the next read see the end', async () => {
    expect((await there.store.sessions.read(session.key, T0)).kind).toBe('live')
    await end()
    expect((await there.store.sessions.read(session.key, at(1))).kind).toBe('live')
    there.store.forgetEpoch()
    expect(await there.store.sessions.read(session.key, at(1))).toMatchObject({ kind: 'ended', reason: 'kicked' })
  })

  test('a process that saw such an end lets people in again when the server has lost everything, or has older records', async () => {
    await end()
    for (const one of [here, there]) expect(await one.sees(session, 1_000, 0)).toBe('ended')
    await server.command('FLUSHALL')
    const user = person(2)
    await here.store.directory.signIn(proof('two'), user, at(10), note('sign-up', user, at(10)))
    const begun = device(user, 'c')
    await here.store.sessions.create(begun, null, note('sign-in', user, at(10)))
    for (const one of [here, there]) expect(await one.sees(begun, 20_000, 0)).toBe('somebody')
    await here.store.sessions.revokeAll(at(20), note('session-revoked', null, at(20)))
    for (const one of [here, there]) expect(await one.sees(begun, 30_000, 0)).toBe('ended')
  })
})

describe('indexOver()', () => {
  /** A server that answers each look at the epoch when it is told to. */
  function slow() {
    const waiting: ((number: number) => void)[] = []
    const run: Calls['run'] = () =>
      new Promise((resolve) => {
        waiting.push((number) => resolve({ word: 'epoch', parts: [String(number), String(T0)] }))
      })
    return { waiting, index: indexOver({ run }) }
  }

  test('epoch() tells how old the known one may be: nothing when it was just read, else in begun seconds', async () => {
    const { waiting, index } = slow()
    const first = index.epoch(at(10))
    waiting[0]?.(1)
    expect(await first).toEqual({ number: 1, at: T0, ageSeconds: 0 })
    expect((await index.epoch(at(10))).ageSeconds).toBe(1)
    expect((await index.epoch(at(12))).ageSeconds).toBe(3)
    void index.epoch(at(13))
    expect(waiting).toHaveLength(2)
  })

  test('forget() is not undone by a look that began before it', async () => {
    const { waiting, index } = slow()
    const before = index.epoch(at(1))
    index.forget()
    waiting[0]?.(1)
    await before
    const after = index.epoch(at(1))
    expect(waiting).toHaveLength(2)
    waiting[1]?.(2)
    expect((await after).number).toBe(2)
  })

  test('a late answer from before a raise does not undo it, and a lower one that was asked for after it does', async () => {
    const { waiting, index } = slow()
    const late = index.epoch(at(1))
    const prompt = index.epoch(at(1))
    waiting[1]?.(2)
    expect((await prompt).number).toBe(2)
    waiting[0]?.(1)
    expect((await late).number).toBe(2)
    const lower = index.epoch(at(10))
    waiting[2]?.(1)
    expect((await lower).number).toBe(1)
  })

  test('a change that was announced before forget() leaves the epoch unknown, too', async () => {
    const opened: ((parts: readonly string[]) => void)[] = []
    const run: Calls['run'] = () => new Promise((resolve) => opened.push((parts) => resolve({ word: 'open', parts })))
    const index = indexOver({ run })
    const change = index.open('tag', '', at(1))
    index.forget()
    opened[0]?.(['1', '1', String(T0)])
    await change
    void index.epoch(at(1))
    expect(opened).toHaveLength(2)
  })
})
