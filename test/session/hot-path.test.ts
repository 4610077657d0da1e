import { afterEach, describe, expect, test } from 'vitest'
import { seconds } from '../../src/core/brand.ts'
import { type Workbench, workbench } from '../support/gateway.ts'
import { HOT_POLICIES } from '../support/store-calls.ts'
import { noteOf } from './scene.ts'

let bench: Workbench
afterEach(() => bench.close())

/** Store operations of one request. */
async function callsOf(path: string, headers: Record<string, string>): Promise<readonly string[]> {
  await bench.settle()
  const before = bench.calls.length
  await (await bench.request(path, { headers })).text()
  return bench.calls.slice(before)
}

// What every front costs is in `hot-path-fronts.test.ts`.
describe('how often a request asks the store', () => {
  test('a refusal from memory is read once more before it is told (DECISIONS 8)', async () => {
    bench = await workbench(HOT_POLICIES)
    const { cookie } = await bench.signedIn([])
    expect(await callsOf('/players', { cookie })).toContain('sessions.read')
    expect(await callsOf('/players', { cookie })).toEqual(['sessions.read'])
  })

  test('a refusal from memory is read once more at most once a second for each session (DECISIONS 8)', async () => {
    bench = await workbench(HOT_POLICIES)
    const { cookie } = await bench.signedIn([])
    await callsOf('/players', { cookie })
    expect(await callsOf('/players', { cookie })).toEqual(['sessions.read'])
    expect(await callsOf('/players', { cookie })).toEqual([])
    bench.clock.now += 1
    expect(await callsOf('/players', { cookie })).toEqual(['sessions.read'])
    expect(await callsOf('/players', { cookie })).toEqual([])
  })

  test('an end from memory is read once more too, at most once a second', async () => {
    bench = await workbench(HOT_POLICIES)
    const { cookie, user } = await bench.signedIn(['player'])
    const at = seconds(bench.clock.now)
    await bench.store.sessions.revokeUser(user, 'kicked', at, noteOf(bench, 'session-revoked'))
    expect(await callsOf('/players', { cookie })).toEqual(['sessions.read'])
    expect(await callsOf('/players', { cookie })).toEqual(['sessions.read'])
    expect(await callsOf('/players', { cookie })).toEqual([])
  })

  test('every request reads for itself where nothing may be remembered', async () => {
    bench = await workbench(HOT_POLICIES, { session: { cacheSeconds: 0 } })
    const { cookie } = await bench.signedIn(['player'])
    await callsOf('/players', { cookie })
    const before = bench.calls.length
    await Promise.all(Array.from({ length: 5 }, () => bench.request('/players', { headers: { cookie } })))
    expect(bench.calls.slice(before)).toEqual(Array.from({ length: 5 }, () => 'sessions.read'))
  })

  test('activity is written at most once a minute, and not at all where the rule says it is none (seeds S14, S23)', async () => {
    bench = await workbench(HOT_POLICIES)
    const { cookie } = await bench.signedIn(['player'])
    bench.clock.now += 61
    await callsOf('/quiet', { cookie })
    expect(bench.calls).not.toContain('sessions.extend')
    await callsOf('/players', { cookie })
    await callsOf('/players', { cookie })
    await bench.settle()
    expect(bench.calls.filter((call) => call === 'sessions.extend')).toHaveLength(1)
  })
})

describe('two hundred people in one process', () => {
  test('20,000 interleaved requests never carry the identity of anybody else', async () => {
    bench = await workbench(HOT_POLICIES)
    const people: Awaited<ReturnType<Workbench['signedIn']>>[] = []
    for (let i = 0; i < 200; i++) people.push(await bench.signedIn(['player'], `Player ${i}`))
    const order = Array.from({ length: 20_000 }, (_, i) => (i * 7919) % people.length)
    let wrong = 0
    for (let at = 0; at < order.length; at += 100) {
      const batch = order.slice(at, at + 100).map(async (index) => {
        const person = people[index]
        if (person === undefined) throw new Error('no such person')
        const answer = await bench.request('/players', { headers: { cookie: person.cookie } })
        const told = new Map((await answer.json()) as [string, string][])
        const claims = JSON.parse(atob((told.get('postern-assertion') ?? '').split('.')[1] ?? '')) as { sub: string }
        if (told.get('postern-user') !== person.user.id || claims.sub !== person.user.id) wrong++
      })
      await Promise.all(batch)
      if (at % 1000 === 0) bench.clock.now += 1
    }
    expect(wrong).toBe(0)
    expect(bench.sent).toHaveLength(20_000)
  }, 120_000)
})
