import { afterEach, describe, expect, test } from 'vitest'
import type { GatewayInput } from '../../src/config/define.ts'
import { seconds } from '../../src/core/brand.ts'
import { ORIGIN, type Workbench, workbench } from '../support/gateway.ts'
import { another, asked, noteOf, POLICIES, said, silence, stateOf } from './scene.ts'

const HOUR = 3_600
const DAY = 86_400
const PROGRAM = { accept: 'application/json' }

let bench: Workbench
afterEach(() => bench.close())

async function begin(session: GatewayInput['session'] = {}): Promise<void> {
  bench = await workbench(POLICIES, { session })
}

const ago = (time: string) => Date.parse(time) / 1000 - bench.clock.now

describe('seeds 2.2: life', () => {
  test('S10, S11: what is recorded at sign-in, with the client kind for display', async () => {
    await begin()
    const headers = { ...PROGRAM, origin: ORIGIN, 'x-client-type': '  Unity  ', 'user-agent': 'Game/1' }
    await bench.request('/auth/guest', { method: 'POST', headers })
    const page = await bench.store.sessions.listAll(
      { world: null },
      { after: null, limit: 10 },
      seconds(bench.clock.now),
    )
    expect(page.items.map(({ session }) => session)).toMatchObject([
      { client: 'unity', userAgent: 'Game/1', provider: 'guest', character: null, createdAt: bench.clock.now },
    ])
  })

  test('S13: no session is made for somebody who is gone', async () => {
    await begin()
    const { user } = await bench.signedIn(['player'])
    await bench.store.directory.remove(user, [], seconds(bench.clock.now), noteOf(bench, 'user-removed'))
    expect(await another(bench, user)).toBe('no-user')
    expect((await bench.store.sessions.count(seconds(bench.clock.now), 0)).total).toBe(0)
  })

  test('S14: activity moves last used and the end; never beyond the absolute end', async () => {
    await begin({ idle: '8h', absolute: '10h' })
    const { cookie } = await bench.signedIn(['player'])
    bench.clock.now += 4 * HOUR
    await said(bench, '/players', cookie)
    const state = await stateOf(bench, cookie)
    expect([ago(state.last_seen), ago(state.idle_until), ago(state.expires)]).toEqual([0, 6 * HOUR, 6 * HOUR])
  })

  test('S14: without sliding only last used moves', async () => {
    await begin({ sliding: false })
    const { cookie } = await bench.signedIn(['player'])
    const before = await stateOf(bench, cookie)
    bench.clock.now += HOUR
    await said(bench, '/players', cookie)
    const after = await stateOf(bench, cookie)
    expect([ago(after.last_seen), after.idle_until]).toEqual([0, before.idle_until])
  })

  test('S14: a life shorter than the coalescing does not end in the middle of traffic', async () => {
    await begin({ idle: 20 })
    const { cookie } = await bench.signedIn(['player'])
    for (let second = 0; second < 120; second += 4) {
      bench.clock.now += 4
      expect(await said(bench, '/players', cookie)).toEqual([200])
    }
  })

  test('S14: a change by somebody else in between loses no activity', async () => {
    await begin()
    const { cookie, user } = await bench.signedIn(['player'])
    bench.clock.now += 61
    await asked(bench, '/quiet', cookie)
    const [session] = await bench.store.sessions.list(user, seconds(bench.clock.now))
    if (session === undefined) throw new Error('no session')
    await bench.store.sessions.select(
      session.key,
      { id: '7', name: 'H', world: 'n' },
      noteOf(bench, 'character-selected'),
    )
    await said(bench, '/players', cookie)
    await said(bench, '/players', cookie)
    expect(ago((await stateOf(bench, cookie)).last_seen)).toBe(0)
  })

  test('S15: one second before the end, at the end, after the end', async () => {
    await begin({ idle: HOUR })
    const people = await Promise.all(['before', 'at', 'after'].map(() => bench.signedIn(['player'])))
    const say = (n: number) => said(bench, '/quiet', people[n]?.cookie ?? '')
    bench.clock.now += HOUR - 1
    const before = await say(0)
    bench.clock.now += 1
    const exactly = await say(1)
    bench.clock.now += 1
    const over = [401, 'session_expired', 'expired']
    expect([before, exactly, await say(2)]).toEqual([[200], over, over])
  })

  test('S15: what was remembered before activity moved the end signs nobody out', async () => {
    await begin({ idle: HOUR })
    const { cookie } = await bench.signedIn(['player'])
    bench.clock.now += HOUR - 1
    expect(await said(bench, '/players', cookie)).toEqual([200])
    bench.clock.now += 2
    expect(await said(bench, '/players', cookie)).toEqual([200])
  })

  test('S17, S9: an expired session that is met is removed, told as expired, and the cookie is left alone', async () => {
    await begin({ idle: HOUR })
    const { cookie } = await bench.signedIn(['player'])
    bench.clock.now += HOUR
    const answer = await asked(bench, '/players', cookie)
    expect(answer.headers.getSetCookie()).toEqual([])
    expect((await bench.store.sessions.count(seconds(bench.clock.now - HOUR), 0)).total).toBe(0)
    expect(await said(bench, '/players', cookie)).toEqual([401, 'session_expired', 'expired'])
  })

  test('S19: sweep says how many it removed, and 0 the second time', async () => {
    await begin({ idle: HOUR })
    await bench.signedIn(['player'])
    await bench.signedIn(['player'])
    bench.clock.now += HOUR
    const sweep = () => bench.store.sessions.sweep(seconds(bench.clock.now))
    expect([await sweep(), await sweep()]).toEqual([2, 0])
  })

  test('S20: a session of a removed user is over, and its record is gone', async () => {
    await begin()
    const { cookie, user } = await bench.signedIn(['player'])
    await bench.store.directory.remove(user, [], seconds(bench.clock.now), noteOf(bench, 'user-removed'))
    bench.clock.now += 5
    expect(await said(bench, '/players', cookie)).toEqual([401, 'session_invalid'])
    expect((await bench.store.sessions.count(seconds(bench.clock.now), 0)).total).toBe(0)
  })

  test('S21: what is refused is no activity', async () => {
    await begin()
    const { cookie } = await bench.signedIn(['player'])
    bench.clock.now += 300
    expect(await said(bench, '/edit', cookie)).toMatchObject([403, 'permission_denied', expect.anything()])
    expect(ago((await stateOf(bench, cookie)).last_seen)).toBe(-300)
  })

  test('S22: the heartbeat moves last used and does nothing else; asking for the state moves nothing', async () => {
    await begin()
    const { cookie } = await bench.signedIn(['player'])
    bench.clock.now += 300
    await asked(bench, '/auth/session', cookie)
    expect(ago((await stateOf(bench, cookie)).last_seen)).toBe(-300)
    const beat = await asked(bench, '/auth/session/touch', cookie, { method: 'POST' })
    expect([beat.status, await beat.json()]).toEqual([200, { ok: true }])
    expect(ago((await stateOf(bench, cookie)).last_seen)).toBe(0)
    expect((await asked(bench, '/auth/session/touch', '', { method: 'POST' })).status).toBe(401)
    expect((await asked(bench, '/auth/session/touch', cookie)).status).toBe(405)
  })

  test('S23: a page that polls a quiet rule goes idle all the same', async () => {
    await begin({ idle: HOUR })
    const { cookie } = await bench.signedIn(['player'])
    for (let minute = 0; minute < 59; minute++) {
      bench.clock.now += 60
      expect(await said(bench, '/quiet', cookie)).toEqual([200])
    }
    bench.clock.now += 60
    expect(await said(bench, '/quiet', cookie)).toEqual([401, 'session_expired', 'expired'])
  })

  test('S24: signing out removes one session; without one it succeeds, clears the cookie and changes nothing', async () => {
    await begin()
    const { cookie, user } = await bench.signedIn(['player'])
    await another(bench, user)
    const out = await asked(bench, '/auth/sign-out', cookie, { method: 'POST' })
    expect(await out.json()).toEqual({ signed_out: 1 })
    const again = await asked(bench, '/auth/sign-out', cookie, { method: 'POST' })
    expect([again.status, await again.json()]).toEqual([200, { signed_out: 0 }])
    expect(again.headers.getSetCookie().join()).toContain('Max-Age=0')
    expect((await bench.store.sessions.count(seconds(bench.clock.now), 0)).total).toBe(1)
  })

  test('S25: a hundred requests at once cost one read, and all get the same answer', async () => {
    await begin()
    const { cookie } = await bench.signedIn(['player'])
    const before = bench.calls.filter((call) => call === 'sessions.read').length
    const answers = await Promise.all(Array.from({ length: 100 }, () => asked(bench, '/players', cookie)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(bench.calls.filter((call) => call === 'sessions.read').length - before).toBe(1)
  })

  test('S25: a failed load is not remembered', async () => {
    await begin()
    const { cookie } = await bench.signedIn(['player'])
    const heal = silence(bench.store.sessions, 'read')
    expect(await said(bench, '/players', cookie)).toEqual([503, 'store_unavailable'])
    heal()
    expect(await said(bench, '/players', cookie)).toEqual([200])
  })

  test('S27: a role that was granted elsewhere works within the cache bound, and a refusal is looked up at once', async () => {
    await begin()
    const { cookie, user } = await bench.signedIn(['player'])
    await said(bench, '/edit', cookie)
    bench.clock.now += 1
    const both = ['player', 'warden'] as readonly string[] as typeof user.roles
    await bench.store.directory.setRoles(user, both, null, [], noteOf(bench))
    expect(await said(bench, '/edit', cookie)).toEqual([200])
  })

  test('S28: an ended session is told for 24 hours, and unknown from then on', async () => {
    await begin()
    const { cookie, user } = await bench.signedIn(['player'])
    await bench.store.sessions.revokeUser(user, 'kicked', seconds(bench.clock.now), noteOf(bench, 'session-revoked'))
    bench.clock.now += DAY - 1
    expect(await said(bench, '/players', cookie)).toEqual([401, 'session_revoked', 'kicked'])
    bench.clock.now += 5
    expect(await said(bench, '/players', cookie)).toEqual([401, 'session_invalid'])
  })

  test('S14, G1: a guest ends 24 hours after it was made, whatever the traffic', async () => {
    await begin()
    const made = await bench.request('/auth/guest', { method: 'POST', headers: { ...PROGRAM, origin: ORIGIN } })
    const cookie = made.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    for (let hour = 0; hour < 23; hour++) {
      bench.clock.now += HOUR
      expect(await said(bench, '/anybody', cookie)).toEqual([200])
    }
    bench.clock.now += HOUR
    expect(await said(bench, '/anybody', cookie)).toEqual([401, 'session_expired', 'expired'])
  })

  test('C1: signing in enters no world', async () => {
    await begin()
    expect((await stateOf(bench, (await bench.signedIn(['player'])).cookie)).character).toBeNull()
  })
})
