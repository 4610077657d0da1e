import { afterEach, describe, expect, test } from 'vitest'
import type { GatewayInput } from '../../src/config/define.ts'
import { prepare } from '../../src/runtime/build.ts'
import { ORIGIN, type Workbench, workbench } from '../support/gateway.ts'
import { another, POLICIES, said } from './scene.ts'

const HOUR = 3_600
const DAY = 86_400

let bench: Workbench
afterEach(() => bench.close())

async function begin(session: GatewayInput['session'] = {}): Promise<void> {
  bench = await workbench(POLICIES, { session })
}

describe('seeds 2.1: settings', () => {
  test('S1: idle 480 minutes, sliding', async () => {
    await begin({ idle: '8h', absolute: '7d' })
    const { cookie } = await bench.signedIn(['player'])
    for (let day = 0; day < 3; day++) {
      bench.clock.now += 8 * HOUR - 1
      expect(await said(bench, '/players', cookie)).toEqual([200])
    }
    bench.clock.now += 8 * HOUR
    expect(await said(bench, '/players', cookie)).toEqual([401, 'session_expired', 'expired'])
  })

  test('S1, S2: fixed 480 minutes since sign-in, whatever the traffic', async () => {
    await begin({ absolute: '8h', sliding: false })
    const { cookie } = await bench.signedIn(['player'])
    for (let hour = 0; hour < 7; hour++) {
      bench.clock.now += HOUR
      expect(await said(bench, '/players', cookie)).toEqual([200])
    }
    bench.clock.now += HOUR - 1
    expect(await said(bench, '/players', cookie)).toEqual([200])
    bench.clock.now += 1
    expect(await said(bench, '/players', cookie)).toEqual([401, 'session_expired', 'expired'])
  })

  test('S1: fixed 7 days', async () => {
    await begin({ sliding: false })
    const { cookie } = await bench.signedIn(['player'])
    bench.clock.now += 7 * DAY - 1
    expect(await said(bench, '/players', cookie)).toEqual([200])
    bench.clock.now += 1
    expect(await said(bench, '/players', cookie)).toEqual([401, 'session_expired', 'expired'])
  })

  test.each([0, -1])('S3: a life of %d is an error that names the longest one', async (absolute) => {
    await begin()
    const definition = {
      origin: ORIGIN,
      upstreams: { game: { url: 'https://game.example.com' } },
      session: { absolute },
    }
    const refused = () => prepare(definition, bench.gateway.policy().bundle, () => undefined)
    expect(refused).toThrow(/session\.absolute .*at most 31536000 seconds/)
  })

  test('S4, S36, S37: readiness counts who was seen within the window, edge inclusive, and everybody', async () => {
    await begin({ activityWindow: '30m' })
    await bench.signedIn(['player'])
    bench.clock.now += 1_800
    await bench.signedIn(['player'])
    const counts = async () => (await bench.request('/auth/readyz')).json()
    expect(await counts()).toMatchObject({ sessions_active: 2, sessions_total: 2 })
    bench.clock.now += 1
    expect(await counts()).toMatchObject({ sessions_active: 1, sessions_total: 2 })
  })

  test('S4: a window of 0 counts every unexpired session', async () => {
    await begin({ activityWindow: 0 })
    await bench.signedIn(['player'])
    bench.clock.now += 7 * HOUR
    expect(await (await bench.request('/auth/readyz')).json()).toMatchObject({ sessions_active: 1, sessions_total: 1 })
  })

  test('S5, S12: cap 1 with evict_oldest is the single mode, and the player is told', async () => {
    await begin()
    const { cookie, user } = await bench.signedIn(['single'])
    const second = await another(bench, user)
    expect(await said(bench, '/players', cookie)).toEqual([401, 'session_revoked', 'evicted'])
    expect(typeof second === 'string' ? second : await said(bench, '/players', second.cookie)).toEqual([200])
  })

  test('S5: cap 1 with refuse keeps the first and opens no second', async () => {
    await begin({ excess: 'refuse' })
    const { cookie, user } = await bench.signedIn(['single'])
    expect(await another(bench, user)).toBe('too-many')
    expect(await said(bench, '/players', cookie)).toEqual([200])
  })

  test('S6: the id is opaque, with 192 random bits', async () => {
    await begin()
    const all = await Promise.all(Array.from({ length: 50 }, () => bench.signedIn(['player'])))
    const secrets = all.map(({ cookie }) => cookie.split('.')[1] ?? '')
    expect(new Set(secrets).size).toBe(50)
    for (const secret of secrets) expect(secret).toMatch(/^[\w-]{32}$/)
  })

  test('S7, S8: the cookie is __Host-, HttpOnly, Lax, and lives 604800 seconds, not milliseconds', async () => {
    await begin()
    const { user } = await bench.signedIn(['player'])
    const opened = await another(bench, user)
    expect(typeof opened === 'string' ? opened : opened.line).toMatch(
      /^__Host-postern=[\w.-]{55}; Path=\/; Max-Age=604800; HttpOnly; Secure; SameSite=Lax$/,
    )
  })

  test('S8: remembered people have a cookie of 90 days, and no idle end before', async () => {
    await begin({ remember: '90d' })
    const { user } = await bench.signedIn(['player'])
    const opened = await another(bench, user, 'remember')
    if (typeof opened === 'string') throw new Error(opened)
    expect(opened.line).toContain('; Max-Age=7776000;')
    bench.clock.now += 60 * DAY
    expect(await said(bench, '/players', opened.cookie)).toEqual([200])
    bench.clock.now += 30 * DAY
    expect(await said(bench, '/players', opened.cookie)).toEqual([401, 'session_expired', 'expired'])
  })

  test('remembering is offered by configuration only, and stretches no life that a role fixes', async () => {
    await begin()
    const { user } = await bench.signedIn(['player'])
    const plain = await another(bench, user, 'remember')
    expect(typeof plain === 'string' ? plain : plain.line).toContain('; Max-Age=604800;')
    bench.close()
    await begin({ remember: '90d' })
    const strict = await another(bench, (await bench.signedIn(['strict'])).user, 'remember')
    expect(typeof strict === 'string' ? strict : strict.line).toContain('; Max-Age=3600;')
  })

  test('a role has its own life, idle and absolute', async () => {
    await begin()
    const [idle, busy] = [await bench.signedIn(['strict']), await bench.signedIn(['strict'])]
    for (let minutes = 9; minutes < 60; minutes += 9) {
      bench.clock.now += 540
      expect(await said(bench, '/players', busy.cookie)).toEqual([200])
    }
    expect(await said(bench, '/players', idle.cookie)).toEqual([401, 'session_expired', 'expired'])
    bench.clock.now += 360
    expect(await said(bench, '/players', busy.cookie)).toEqual([401, 'session_expired', 'expired'])
  })
})
