import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { seconds } from '../../src/core/brand.ts'
import type { User } from '../../src/core/person.ts'
import { type House, openHouse } from './support/house.ts'
import { guildEnds, order, post } from './support/orders.ts'

let house: House
beforeEach(async () => {
  house = await openHouse()
})
afterEach(async () => {
  vi.restoreAllMocks()
  await house.close()
})

/** Runs something just before a store operation does its work, once. */
function justBefore(room: 'sessions' | 'logins' | 'directory', operation: string, then: () => Promise<unknown>): void {
  const rooms = house.bench.store[room] as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
  const run = rooms[operation]
  if (run === undefined) throw new Error(`no operation ${operation}`)
  vi.spyOn(rooms, operation).mockImplementationOnce(async (...args) => {
    await then()
    return run(...args)
  })
}

const ENDS: [string, Record<string, string>][] = [
  ['sid', { sid: 'op-1' }],
  ['sub', { sub: 'ada' }],
  ['both', { sub: 'ada', sid: 'op-1' }],
]

describe('a provider that ends its session while a sign-in is on its way', () => {
  const MOMENTS: ['sessions' | 'logins' | 'directory', string][] = [
    ['directory', 'signIn'],
    ['sessions', 'create'],
    ['logins', 'follow'],
  ]
  for (const [room, operation] of MOMENTS) {
    test.each(ENDS)(`before ${room}.${operation}, by %s: nobody is signed in`, async (_, claims) => {
      const ada = house.browser()
      justBefore(room, operation, () => guildEnds(house, claims))
      const answer = await ada.signIn('guild', 'ada', undefined, { sid: 'op-1' })
      expect([answer.status, answer.html.includes('/auth/start/guild')]).toEqual([400, true])
      expect(await ada.session()).toBeNull()
      house.wait(1)
      await ada.signIn('guild', 'ada', undefined, { sid: 'op-2' })
      expect(await ada.session()).not.toBeNull()
    })
  }

  test('of somebody else, or before the sign-in was proven, ends nothing of it', async () => {
    const ada = house.browser()
    await guildEnds(house, { sub: 'ada' })
    await guildEnds(house, { sub: 'ada', sid: 'op-1' })
    house.wait(1)
    justBefore('sessions', 'create', async () => {
      await guildEnds(house, { sub: 'eve' })
      await guildEnds(house, { sid: 'op-2' })
    })
    await ada.signIn('guild', 'ada', undefined, { sid: 'op-1' })
    expect(await ada.session()).not.toBeNull()
  })

  test('an earlier order that comes later takes back no later one', async () => {
    const ada = house.browser()
    await house.browser().signIn('guild', 'ada')
    const early = await order(house, { sub: 'ada' })
    house.wait(20)
    justBefore('sessions', 'create', async () => {
      await guildEnds(house, { sub: 'ada' })
      await post(house, early)
    })
    expect((await ada.signIn('guild', 'ada')).status).toBe(400)
    expect(await ada.session()).toBeNull()
  })

  test('while a guest chooses: the player it would have been is not signed in', async () => {
    await house.browser().signIn('guild', 'ada')
    const guest = house.browser()
    await guest.post('/auth/guest', {})
    const page = await guest.signIn('guild', 'ada', undefined, { sid: 'op-2' })
    expect(await guildEnds(house, { sid: 'op-2' })).toBe(0)
    house.wait(300)
    expect((await guest.press(page, '/existing')).status).toBe(400)
    expect((await guest.session())?.user.guest).toBe(true)
  })

  test('while it confirms a session: that one ends', async () => {
    const ada = house.browser()
    await ada.signIn('guild', 'ada', undefined, { sid: 'op-1' })
    house.wait(301)
    const again = ada.waitingAt('guild', await ada.post('/auth/link/tavern'))
    justBefore('sessions', 'rotate', () => guildEnds(house, { sid: 'op-2' }))
    const late = await ada.comeBack(again, 'ada', { sid: 'op-2', auth_time: house.bench.clock.now })
    expect([late.status, late.location]).toEqual([400, null])
    expect(await ada.session()).toBeNull()
  })
})

describe('while a sign-in is on its way', () => {
  const adas = async () => {
    const [user] = (await house.bench.store.directory.search('ada', { after: null, limit: 1 })).items
    if (user === undefined) throw new Error('no ada')
    return user
  }
  const note = { event: 'sign-out', actor: 'test', subject: null, requestId: 'test', policy: '', detail: {} } as const

  test('a sign-out everywhere ends it too', async () => {
    const [laptop, phone] = [house.browser(), house.browser()]
    await laptop.signIn('guild', 'ada')
    justBefore('sessions', 'create', () => laptop.post('/auth/sign-out/everywhere'))
    const answer = await phone.signIn('guild', 'ada')
    expect([answer.status, await phone.session()]).toEqual([400, null])
    await phone.signIn('guild', 'ada')
    expect(await phone.session()).not.toBeNull()
  })

  test('an order to end all sessions of somebody who has none ends it too', async () => {
    const phone = house.browser()
    await phone.signIn('guild', 'ada')
    await phone.post('/auth/sign-out')
    const { sessions } = house.bench.store
    const now = seconds(house.bench.clock.now)
    justBefore('sessions', 'create', async () => sessions.revokeUser(await adas(), 'kicked', now, { ...note, at: now }))
    const answer = await phone.signIn('guild', 'ada')
    expect([answer.status, await phone.session()]).toEqual([400, null])
  })

  test.each(['attributes', 'roles'] as const)('a change of %s does not stop it', async (what) => {
    const phone = house.browser()
    await phone.signIn('guild', 'ada')
    await phone.post('/auth/sign-out')
    const { directory } = house.bench.store
    const now = seconds(house.bench.clock.now)
    const roles = ['player', 'referee'] as unknown as User['roles']
    justBefore('sessions', 'create', async () =>
      what === 'roles'
        ? directory.setRoles(await adas(), roles, null, [], { ...note, at: now })
        : directory.setAttributes(await adas(), { level: 7 }, { ...note, at: now }),
    )
    expect((await phone.signIn('guild', 'ada')).status).toBe(303)
    expect((await phone.session())?.roles).toEqual(what === 'roles' ? ['player', 'referee'] : ['player'])
  })

  test('nor does a change by each of ten sign-ins at once, as of a picture whose address is new each time', async () => {
    const phone = house.browser()
    await phone.signIn('guild', 'ada')
    await phone.post('/auth/sign-out')
    const tabs = []
    for (let i = 0; i < 10; i++) tabs.push(await phone.start('guild'))
    const back = tabs.map((tab, i) => phone.comeBack(tab, 'ada', { picture: `https://guild.example/ada?v=${i}` }))
    expect((await Promise.all(back)).map(({ status }) => status)).toEqual(Array(10).fill(303))
  })

  test('nor the choice of a guest for an account that a game writes to at this moment', async () => {
    await house.browser().signIn('guild', 'ada')
    const guest = house.browser()
    await guest.post('/auth/guest', {})
    const page = await guest.signIn('guild', 'ada')
    const { directory } = house.bench.store
    const now = seconds(house.bench.clock.now)
    justBefore('sessions', 'create', async () => {
      for (const level of [7, 8]) await directory.setAttributes(await adas(), { level }, { ...note, at: now })
    })
    expect((await guest.press(page, '/existing')).status).toBe(303)
    expect((await guest.session())?.user.guest).toBe(false)
  })

  test('a change of attributes beside a sign-out everywhere does', async () => {
    const [laptop, phone] = [house.browser(), house.browser()]
    await laptop.signIn('guild', 'ada')
    const { directory } = house.bench.store
    const now = seconds(house.bench.clock.now)
    justBefore('sessions', 'create', async () => {
      await directory.setAttributes(await adas(), { level: 7 }, { ...note, at: now })
      await laptop.post('/auth/sign-out/everywhere')
    })
    const answer = await phone.signIn('guild', 'ada')
    expect([answer.status, await phone.session()]).toEqual([400, null])
  })

  test('a ban leaves no session that would live on after it', async () => {
    const phone = house.browser()
    await phone.signIn('guild', 'ada')
    await phone.post('/auth/sign-out')
    const { directory } = house.bench.store
    const now = seconds(house.bench.clock.now)
    const set = async (kind: 'banned' | 'active') =>
      directory.setStanding(await adas(), { kind, reason: 'x' }, [], now, { ...note, at: now })
    justBefore('sessions', 'create', () => set('banned'))
    expect((await phone.signIn('guild', 'ada')).status).toBe(400)
    await set('active')
    expect(await phone.session()).toBeNull()
  })
})
