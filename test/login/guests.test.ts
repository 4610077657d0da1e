import { afterEach, describe, expect, test } from 'vitest'
import { seconds } from '../../src/core/brand.ts'
import { uuid } from '../../src/login/admit.ts'
import { guestName } from '../../src/login/guest.ts'
import { StoreUnavailable } from '../../src/ports/store.ts'
import type { Browser } from './support/browser.ts'
import { type House, openHouse } from './support/house.ts'

let house: House
afterEach(() => house.close())

async function guestOf(here: House): Promise<Browser> {
  const guest = here.browser()
  expect((await guest.post('/auth/guest', { return_to: '/play/1' })).location).toBe('/play/1')
  return guest
}

describe('a guest', () => {
  test('is made by the button, with a name of the server and the guest role (seeds G4)', async () => {
    house = await openHouse()
    const guest = await guestOf(house)
    const session = await guest.session()
    expect(session).toMatchObject({ user: { guest: true }, roles: ['visitor'], provider: 'guest' })
    expect(session?.user.name).toMatch(/^guest_\d{14}$/)
  })

  test('has a name that no other guest has, of at most 20 characters (seeds G4, G8)', async () => {
    house = await openHouse({ limits: { guestsPerHour: 100 } })
    const names = await Promise.all(
      Array.from({ length: 40 }, async () => (await (await guestOf(house)).session())?.user.name),
    )
    expect(new Set(names).size).toBe(40)
    const { gateway } = house.bench
    const many = Array.from({ length: 100_000 }, () => guestName(uuid(gateway.runtime.random(16))))
    expect(new Set(many).size).toBe(many.length)
    expect(many.filter((name) => name.length !== 20)).toEqual([])
  })

  test('whose making fails leaves nothing behind (seeds G4)', async () => {
    house = await openHouse()
    const { directory } = house.bench.store
    const guest = house.browser()
    const create = directory.createGuest
    const broken = { ...directory, createGuest: () => Promise.reject(new StoreUnavailable('createGuest', 'gone')) }
    Object.assign(house.bench.gateway.store, { directory: broken })
    expect((await guest.post('/auth/guest', {})).status).toBe(503)
    expect(guest.jar.size).toBe(0)
    Object.assign(house.bench.gateway.store, { directory: { ...directory, createGuest: create } })
    expect((await directory.search('', { after: null, limit: 10 })).items).toEqual([])
    expect((await guest.post('/auth/guest', {})).status).toBe(303)
  })

  test('ends 24 hours after it was made, whatever its session does (seeds G1)', async () => {
    house = await openHouse({ session: { idle: '2d', absolute: '7d' } })
    const guest = await guestOf(house)
    house.wait(86_399)
    expect(await guest.session()).not.toBeNull()
    house.wait(1)
    expect(await guest.session()).toBeNull()
  })

  test('is one for each browser: pressed twice, and come back after its session ended (DECISIONS 16)', async () => {
    house = await openHouse({ session: { idle: '1h' } })
    const first = house.browser()
    await first.post('/auth/guest', {})
    const id = (await first.session())?.user.id
    const again = house.browser()
    for (const [name, value] of first.jar) if (name.includes('guest')) again.jar.set(name, value)
    await Promise.all([again.post('/auth/guest', {}), again.copy().post('/auth/guest', {})])
    expect((await again.session())?.user.id).toBe(id)
    house.wait(3601)
    expect(await first.session()).toBeNull()
    await first.post('/auth/guest', {})
    expect((await first.session())?.user.id).toBe(id)
  })

  test('is another one after a sign-out, and after its account is over', async () => {
    house = await openHouse()
    const guest = await guestOf(house)
    const id = (await guest.session())?.user.id
    await guest.post('/auth/sign-out')
    await guest.post('/auth/guest', {})
    const next = (await guest.session())?.user.id
    expect(next).not.toBe(id)
    house.wait(86_401)
    await guest.post('/auth/guest', {})
    expect((await guest.session())?.user.id).not.toBe(next)
  })

  test('is refused with a reason where guests are off, sign-up open or not (seeds G5)', async () => {
    house = await openHouse({ guests: 'off' })
    const answer = await house.browser().send('/auth/guest', { method: 'POST', headers: { accept: '*/*' } })
    expect(answer.status).toBe(403)
    expect(JSON.parse(answer.html)).toMatchObject({ code: 'guests_off' })
  })

  test('is made within the limit of its network (users.md row 21)', async () => {
    house = await openHouse({ limits: { guestsPerHour: 2 } })
    await guestOf(house)
    await guestOf(house)
    const third = await house.browser().post('/auth/guest', {})
    expect(third.status).toBe(429)
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0)
    house.wait(3600)
    await guestOf(house)
  })

  test('who is banned stays banned in this browser', async () => {
    house = await openHouse()
    const guest = await guestOf(house)
    const { gateway, store } = house.bench
    const [user] = (await store.directory.search('', { after: null, limit: 1 })).items
    if (user === undefined) throw new Error('no guest')
    const audit = { event: 'standing-changed', at: gateway.runtime.now(), actor: 'system', subject: user.id } as const
    const note = { ...audit, requestId: 'r', policy: '', detail: {} }
    await store.directory.setStanding(user, { kind: 'banned', reason: 'flood' }, [], gateway.runtime.now(), note)
    for (const name of [...guest.jar.keys()]) if (!name.includes('guest')) guest.jar.delete(name)
    expect((await guest.post('/auth/guest', {})).status).toBe(403)
    expect(await guest.session()).toBeNull()
  })
})

describe('guest: auto', () => {
  test('makes one on a typed visit and on one from this site (DECISIONS 16)', async () => {
    house = await openHouse()
    for (const site of ['none', 'same-origin']) {
      const guest = house.browser()
      const challenge = await guest.visit('/lobby?a=1', site)
      const made = await guest.visit(challenge.location ?? '', site)
      expect(made.location).toBe('/lobby?a=1')
      expect((await guest.visit('/lobby?a=1', site)).status).toBe(200)
    }
  })

  test('makes none on a visit from another site, by a program, or for another rule', async () => {
    house = await openHouse()
    const other = house.browser()
    const wish = '/auth/sign-in?return_to=%2Flobby'
    expect((await other.visit(wish, 'cross-site')).status).toBe(200)
    expect((await other.send(wish, { headers: { accept: '*/*' } })).status).toBe(200)
    expect((await other.visit('/auth/sign-in?return_to=%2Fhall')).status).toBe(200)
    expect(other.jar.size).toBe(0)
    const program = await other.send('/lobby', { headers: { accept: 'application/json' } })
    expect(program.status).toBe(401)
    expect(JSON.parse(program.html)).toMatchObject({ code: 'guest_required' })
  })

  test('makes no second one where the browser does not keep the first: it says why instead', async () => {
    house = await openHouse()
    const guest = house.browser()
    await guest.visit('/auth/sign-in?return_to=%2Flobby')
    for (const name of [...guest.jar.keys()]) if (name === '__Host-postern') guest.jar.delete(name)
    const again = await guest.visit('/auth/sign-in?return_to=%2Flobby')
    expect(again.status).toBe(400)
    expect(await house.bench.store.sessions.count(house.bench.gateway.runtime.now(), 0)).toMatchObject({ total: 1 })
  })
})

describe('a guest who signs in', () => {
  test('keeps user id and session, loses the end, gets the role of an account (seeds G6)', async () => {
    house = await openHouse({ session: { idle: '5d', absolute: '7d' } })
    const guest = await guestOf(house)
    const before = await guest.session()
    const old = guest.copy()
    expect((await guest.signIn('guild', 'ada', 'return_to=%2Fplay%2F9')).location).toBe('/play/9')
    expect(await guest.session()).toMatchObject({
      sid: before?.sid,
      user: { id: before?.user.id, guest: false, name: 'ada' },
      roles: ['player'],
      provider: 'guild',
    })
    house.wait(86_401)
    expect(await guest.session()).not.toBeNull()
    // The old secret is no key any more, and the guest cookie opens nothing.
    expect(await old.session()).toBeNull()
    await old.post('/auth/guest', {})
    expect((await old.session())?.user.id).not.toBe(before?.user.id)
  })

  test('by the button of the account page too', async () => {
    house = await openHouse()
    const guest = await guestOf(house)
    const id = (await guest.session())?.user.id
    const away = await guest.press(await guest.visit('/auth/account'), '/link/guild')
    await guest.comeBack(guest.waitingAt('guild', away), 'ada')
    expect(await guest.session()).toMatchObject({ user: { id, guest: false } })
  })

  test('ends every other session of the guest: who knew one does not share the account', async () => {
    house = await openHouse()
    const guest = await guestOf(house)
    const other = house.browser()
    for (const [name, value] of guest.jar) if (name.includes('guest')) other.jar.set(name, value)
    await other.post('/auth/guest', {})
    expect(await other.session()).not.toBeNull()
    await guest.signIn('guild', 'ada')
    expect(await other.session()).toBeNull()
  })

  test('signs in a person the configuration names with all their roles', async () => {
    house = await openHouse({ people: [{ provider: 'guild', subject: 'max', roles: ['player', 'referee'] }] })
    const guest = await guestOf(house)
    await guest.signIn('guild', 'max')
    expect((await guest.session())?.roles).toEqual(['player', 'referee'])
  })

  test('signs in without a role that an administrator took away while the account was made', async () => {
    house = await openHouse({ people: [{ provider: 'guild', subject: 'ada', roles: ['referee', 'player'] }] })
    const { store } = house.bench
    const { directory } = house.bench.gateway.store
    const guest = await guestOf(house)
    const promote: typeof directory.promote = async (user, identity, role, now, audit) => {
      const linked = await directory.promote(user, identity, role, now, audit)
      await store.directory.setRoles(user, [], null, [], { ...audit, event: 'roles-changed' })
      return linked
    }
    Object.assign(house.bench.gateway.store, { directory: { ...directory, promote } })
    await guest.signIn('guild', 'ada')
    expect(await guest.session()).toMatchObject({ user: { guest: false }, roles: [] })
  })

  test('stays a guest where sign-up is closed', async () => {
    house = await openHouse({ signup: 'closed' })
    const guest = await guestOf(house)
    expect((await guest.signIn('guild', 'ada')).status).toBe(403)
    expect(await guest.session()).toMatchObject({ user: { guest: true } })
  })

  test('with an attempt from before the guest session starts again, and loses nothing', async () => {
    house = await openHouse()
    const guest = house.browser()
    const waiting = await guest.start('guild', 'return_to=%2Fplay%2F4')
    await guest.post('/auth/guest', {})
    const id = (await guest.session())?.user.id
    const answer = await guest.comeBack(waiting, 'ada')
    expect(answer.status).toBe(400)
    expect(await guest.session()).toMatchObject({ user: { id, guest: true } })
    await guest.signIn('guild', 'ada')
    expect(await guest.session()).toMatchObject({ user: { id, guest: false } })
  })
})

describe('a guest whose provider account has a player', () => {
  async function meet() {
    house = await openHouse()
    const player = house.browser()
    await player.signIn('guild', 'ada')
    const guest = await guestOf(house)
    const page = await guest.signIn('guild', 'ada', 'return_to=%2Fplay%2F5')
    return { player: await player.session(), guest, guestId: (await guest.session())?.user.id, page }
  }

  test('chooses: nothing happens before (users.md row 20)', async () => {
    const { page, guest, guestId } = await meet()
    expect(page.status).toBe(409)
    expect(page.html).toContain('ada')
    expect(await guest.session()).toMatchObject({ user: { id: guestId, guest: true } })
  })

  test('may sign in as the player; the trail names both', async () => {
    const { page, guest, guestId, player } = await meet()
    expect((await guest.press(page, '/existing')).location).toBe('/play/5')
    expect(await guest.session()).toMatchObject({ user: { id: player?.user.id, guest: false } })
    const filter = { from: null, to: null, subject: guestId as never, event: 'sign-out' as const }
    const trail = await house.bench.store.audit.read(filter, { after: null, limit: 10 })
    expect(trail.items).toMatchObject([{ detail: { chose: player?.user.id } }])
    expect(await house.bench.store.directory.read(guestId as never)).toMatchObject({ guest: true })
  })

  test('may stay a guest', async () => {
    const { page, guest, guestId } = await meet()
    expect((await guest.press(page, '/guest')).location).toBe('/play/5')
    expect(await guest.session()).toMatchObject({ user: { id: guestId, guest: true } })
  })

  test('chooses once, in the browser that proved both, within ten minutes', async () => {
    const { page, guest } = await meet()
    const action = /action="([^"]*\/existing)"/.exec(page.html)?.[1] ?? ''
    const eve = await guestOf(house)
    expect((await eve.post(action)).status).toBe(400)
    expect(await eve.session()).toMatchObject({ user: { guest: true } })
    expect((await guest.post(action)).status).toBe(400)
    const again = await guest.signIn('guild', 'ada')
    house.wait(600)
    expect((await guest.press(again, '/existing')).status).toBe(400)
    expect(await guest.session()).toMatchObject({ user: { guest: true } })
  })
})

test('a full house turns away new guests, then new sign-ins, and nobody who is in (SPEC 10, O2)', async () => {
  house = await openHouse({ load: { guests: 1, signIns: 2 } })
  const ada = house.browser()
  await ada.signIn('guild', 'ada')
  const guest = await house.browser().post('/auth/guest', {})
  expect(guest.status).toBe(503)
  expect(guest.headers.get('retry-after')).toBe('30')
  await house.browser().signIn('guild', 'bea')
  expect((await house.browser().visit('/auth/start/guild')).status).toBe(503)
  expect((await ada.visit('/play/1')).status).toBe(200)
  ada.waitingAt('tavern', await ada.post('/auth/link/tavern'))
  await ada.post('/auth/sign-out')
  expect(await house.bench.store.sessions.count(seconds(house.bench.clock.now), 1800)).toMatchObject({ active: 1 })
  await ada.signIn('guild', 'ada')
  expect(await ada.session()).not.toBeNull()
})

test('a full house lets named roles in all the same, and makes no account for the others (O2)', async () => {
  house = await openHouse({
    load: { guests: 1, signIns: 1, exempt: ['keeper'] },
    firstAdmins: [{ provider: 'guild', subject: 'ops' }],
  })
  await house.browser().signIn('tavern', 'ada')
  const bea = house.browser()
  const turned = await bea.signIn('guild', 'bea')
  expect([turned.status, turned.headers.get('retry-after')]).toEqual([503, '30'])
  expect(turned.html).toContain('30')
  expect(await bea.session()).toBeNull()
  expect((await house.bench.store.directory.search('', { after: null, limit: 9 })).items).toHaveLength(1)
  const ops = house.browser()
  await ops.signIn('guild', 'ops')
  expect((await ops.session())?.roles).toEqual(['keeper'])
  await ops.post('/auth/sign-out')
  expect((await ops.signIn('guild', 'ops')).status).toBe(303)
})

test('a full house says when to come back, and the button asks once more', async () => {
  house = await openHouse({ load: { guests: 1, signIns: 1 } })
  await house.browser().signIn('guild', 'ada')
  const turned = await house.browser().visit('/auth/start/guild?return_to=%2Fplay%2F1')
  expect(turned.status).toBe(503)
  expect(turned.html).toContain('href="/auth/start/guild?return_to=%2Fplay%2F1"')
  expect(turned.html).toContain('30 seconds')
})
