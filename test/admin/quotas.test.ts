import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { secret } from '../../src/config/define.ts'
import { seconds } from '../../src/core/brand.ts'
import type { Workbench } from '../support/gateway.ts'
import { asPerson, atDoor, type Benches, benchesOn, byToken, PLATFORM, STORES } from './support/bench.ts'

const GAME_TOKEN = 'a-test-secret-value'
const SETTINGS = {
  staticTokens: [{ name: 'game', secret: secret('TEST_GAME_TOKEN'), permissions: ['admin.users'] }],
} as const
const RULES = `
upstream: game
rules:
  - path: /npcs
    methods: POST
    quota: { name: npcs, limits: { padawan: 3, game_master: unlimited } }
  - path: /npcs/:id
    methods: DELETE
    quota: { name: npcs, effect: lower }
  - path: /guilds
    methods: POST
    quota: { name: guilds, limits: { padawan: 1 } }
`

describe.each(STORES)('quotas over the admin API on %s (seeds A26)', (kind) => {
  let benches: Benches
  let bench: Workbench
  beforeAll(async () => {
    benches = await benchesOn(kind)
    bench = await benches.bench({ ...PLATFORM, 'npcs.yaml': RULES }, SETTINGS)
  })
  afterAll(() => benches.stop())

  test('A26: what is used and how far it goes, by role', async () => {
    const { user } = await bench.signedIn(['padawan'])
    const both = await bench.signedIn(['padawan', 'game_master'])
    const now = bench.gateway.runtime.now()
    await bench.store.quotas.reserve(user.id, user.tag, 'npcs', 3, now, seconds(60))
    expect((await atDoor(bench, 'quotas.show', { user: user.id })).body).toEqual({
      user: user.id,
      quotas: [
        { name: 'guilds', used: 0, limit: 1 },
        { name: 'npcs', used: 1, limit: 3 },
      ],
    })
    expect((await atDoor(bench, 'quotas.show', { user: both.user.id })).body['quotas']).toEqual([
      { name: 'guilds', used: 0, limit: 1 },
      { name: 'npcs', used: 0, limit: null },
    ])
    expect(await atDoor(bench, 'quotas.show', { user: 'nobody' })).toMatchObject({ status: 404 })
  })

  test('A26: settable: the next request is held to it, and the record says who set what', async () => {
    const { user, cookie } = await bench.signedIn(['padawan'])
    const make = () =>
      bench.request('/npcs', {
        method: 'POST',
        headers: { cookie, origin: 'https://play.example.com', accept: 'application/json' },
      })
    expect((await atDoor(bench, 'quotas.set', { user: user.id, quota: 'npcs', used: 3 })).body).toEqual({
      user: user.id,
      quota: 'npcs',
      used: 3,
    })
    const refused = await make()
    expect([refused.status, await refused.json()]).toMatchObject([403, { code: 'quota_exceeded', limit: 3, used: 3 }])
    expect(await byToken(bench, GAME_TOKEN, 'quotas.set', { user: user.id, quota: 'npcs', used: 2 })).toMatchObject({
      status: 200,
    })
    expect((await make()).status).toBe(200)
    await bench.settle()
    expect(await bench.store.quotas.used(user.id, user.tag, 'npcs', bench.gateway.runtime.now())).toBe(3)
    const trail = await atDoor(bench, 'audit.list', { event: 'quota-set', subject: user.id })
    expect(trail.body['records']).toMatchObject([
      { actor: 'operator', detail: { quota: 'npcs', used: 3 } },
      { actor: 'token:game', detail: { quota: 'npcs', used: 2 } },
    ])
  })

  test('A26, A14: by permission and level, and never for oneself', async () => {
    const admin = await bench.signedIn(['system_admin'])
    const leader = await bench.signedIn(['guild_leader'])
    const { user, cookie } = await bench.signedIn(['padawan'])
    const input = { user: user.id, quota: 'npcs', used: 0 }
    expect(await asPerson(bench, cookie, 'quotas.show', { user: user.id })).toMatchObject({ status: 403 })
    expect(await asPerson(bench, leader.cookie, 'quotas.set', input)).toMatchObject({
      status: 403,
      body: { missing: ['admin.users'] },
    })
    expect(await asPerson(bench, admin.cookie, 'quotas.set', input)).toMatchObject({ status: 200 })
    expect(await asPerson(bench, admin.cookie, 'quotas.set', { ...input, user: admin.user.id })).toMatchObject({
      status: 400,
      body: { code: 'own_account' },
    })
  })

  test('a quota the policy does not have, and a number that is none, are refused', async () => {
    const { user } = await bench.signedIn(['padawan'])
    expect(await atDoor(bench, 'quotas.set', { user: user.id, quota: 'npc', used: 1 })).toMatchObject({
      status: 404,
      body: { where: 'quota', hint: 'did you mean "npcs"?' },
    })
    for (const used of [-1, 1.5, '3', null, undefined])
      expect([used, (await atDoor(bench, 'quotas.set', { user: user.id, quota: 'npcs', used })).status]).toEqual([
        used,
        400,
      ])
  })
})
