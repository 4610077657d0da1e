import { afterEach, describe, expect, test } from 'vitest'
import type { Browser, Seen } from './support/browser.ts'
import { type House, openHouse } from './support/house.ts'

let house: House
afterEach(() => house.close())

const VAULT = 'return_to=%2Fvault'

/** Signs in and stands before the vault, whose rule wants a proof of the last two minutes. */
async function atVault(here: House, claims: Readonly<Record<string, unknown>> = {}): Promise<Browser> {
  const ada = here.browser()
  await ada.signIn('guild', 'ada', VAULT, claims)
  return ada
}

/** Confirms at the provider as the chooser offers it. */
async function confirm(ada: Browser, claims: Readonly<Record<string, unknown>> = {}): Promise<Seen> {
  const challenge = await ada.visit('/vault')
  const page = await ada.visit(challenge.location ?? '')
  const start = /href="(\/auth\/start\/guild[^"]*)"/.exec(page.html)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const waiting = ada.waitingAt('guild', await ada.visit(start))
  expect(waiting.parameters.get('prompt')).toBe('login')
  expect(waiting.parameters.get('max_age')).toBe('0')
  return ada.comeBack(waiting, 'ada', claims)
}

describe('freshWithin, where the provider states auth_time (RFC 9470; OpenID Connect Core section 2)', () => {
  test('counts from what it states: open at 120 seconds, closed at 121', async () => {
    house = await openHouse()
    const ada = await atVault(house, { auth_time: house.bench.clock.now })
    house.wait(120)
    expect((await ada.visit('/vault')).status).toBe(200)
    house.wait(1)
    expect((await ada.visit('/vault')).location).toBe('/auth/sign-in?return_to=%2Fvault&fresh=1')
  })

  test('a provider that re-used its own session is not recent, however late the sign-in was', async () => {
    house = await openHouse()
    const ada = await atVault(house, { auth_time: house.bench.clock.now - 3600 })
    expect((await ada.visit('/vault')).status).toBe(302)
  })

  test('a time to come is now, and no credit for later', async () => {
    house = await openHouse()
    const ada = await atVault(house, { auth_time: house.bench.clock.now + 9000 })
    house.wait(121)
    expect((await ada.visit('/vault')).status).toBe(302)
  })

  test('a confirmation opens it, and goes where it was wanted', async () => {
    house = await openHouse()
    const ada = await atVault(house)
    const done = await confirm(ada, { auth_time: house.bench.clock.now })
    expect(done.location).toBe('/vault')
    expect((await ada.visit('/vault')).status).toBe(200)
  })

  test('a confirmation with an older auth_time is none: max_age and prompt were cut out on the way (RFC 9470 section 6)', async () => {
    house = await openHouse()
    const ada = await atVault(house)
    const sid = (await ada.session())?.sid
    const before = ada.jar.get('__Host-postern')
    const done = await confirm(ada, { auth_time: house.bench.clock.now - 61 })
    expect(done.status).toBe(403)
    expect(done.html).toContain('Guild')
    expect(done.html).toContain('/auth/sign-in?return_to=%2Fvault&amp;fresh=1')
    expect((await ada.visit('/vault')).status).toBe(302)
    expect([(await ada.session())?.sid, ada.jar.get('__Host-postern')]).toEqual([sid, before])
  })

  test('a clock that differs by a minute is no older proof', async () => {
    house = await openHouse()
    const ada = await atVault(house)
    expect((await confirm(ada, { auth_time: house.bench.clock.now - 60 })).location).toBe('/vault')
  })
})

describe('freshWithin, where the provider states nothing', () => {
  test('a sign-in is not recent, and a confirmation is a page, not another round', async () => {
    house = await openHouse()
    const ada = await atVault(house)
    expect((await ada.visit('/vault')).status).toBe(302)
    const done = await confirm(ada)
    expect(done.status).toBe(403)
    expect(done.location).toBeNull()
    expect((await ada.visit('/vault')).status).toBe(302)
  })

  test('freshness: asked believes a confirmation, and no ordinary sign-in', async () => {
    house = await openHouse({}, { freshness: 'asked' })
    const ada = await atVault(house)
    expect((await ada.visit('/vault')).status).toBe(302)
    expect((await confirm(ada)).location).toBe('/vault')
    expect((await ada.visit('/vault')).status).toBe(200)
    await ada.signIn('guild', 'ada')
    expect((await ada.visit('/vault')).status).toBe(200)
    house.wait(121)
    await ada.signIn('guild', 'ada')
    expect((await ada.visit('/vault')).status).toBe(302)
  })

  test('freshness: asked does not believe what the provider itself says is old', async () => {
    house = await openHouse({}, { freshness: 'asked' })
    const ada = await atVault(house)
    expect((await confirm(ada, { auth_time: house.bench.clock.now - 3600 })).status).toBe(403)
  })

  test('freshness: sign-in believes every one', async () => {
    house = await openHouse({}, { freshness: 'sign-in' })
    const ada = await atVault(house)
    expect((await ada.visit('/vault')).status).toBe(200)
    house.wait(121)
    expect((await ada.visit('/vault')).status).toBe(302)
  })

  test('a way that can prove nothing is not offered, and one that can is, once it is linked', async () => {
    house = await openHouse({}, plainOauth())
    const ada = house.browser()
    await ada.signIn('tavern', 'ada', VAULT)
    const page = await ada.visit('/auth/sign-in?return_to=%2Fvault&fresh=1')
    expect(page.html).toContain('/auth/start/tavern')
    expect(page.html).not.toContain('/auth/start/guild')
    // For the account page, a recent sign-in of any kind is enough; but only one's own ways are ways.
    expect((await ada.visit('/auth/sign-in?to=account&fresh=1')).html).not.toContain('/auth/start/guild')
  })
})

/** The guild as plain OAuth 2: nothing there can state when somebody proved who they are. */
function plainOauth() {
  const at = 'https://guild.example'
  const options = { issuer: at, authorization: `${at}/a`, token: `${at}/t`, userinfo: `${at}/u` }
  return { kind: 'oauth2', options }
}

describe('guests', () => {
  test('have nothing to confirm: they are told to sign in, and signing in keeps them', async () => {
    house = await openHouse()
    const guest = house.browser()
    await guest.post('/auth/guest', { return_to: '/play/1' })
    const id = (await guest.session())?.user.id
    const told = await guest.visit('/vault')
    expect([told.status, told.location]).toEqual([403, null])
    await guest.comeBack(await guest.start('guild', `${VAULT}&fresh=1`), 'ada', { auth_time: house.bench.clock.now })
    expect(await guest.session()).toMatchObject({ user: { id, guest: false } })
    expect((await guest.visit('/vault')).status).toBe(200)
  })
})

test('a confirmation that begins when the session is over is a sign-in, and goes where it was wanted', async () => {
  house = await openHouse()
  const ada = house.browser()
  await ada.signIn('guild', 'ada')
  await ada.copy().post('/auth/sign-out')
  const waiting = await ada.start('guild', 'return_to=%2Fvault&fresh=1')
  expect((await ada.comeBack(waiting, 'ada')).location).toBe('/vault')
  expect((await ada.session())?.user.name).toBe('ada')
})

test('a program is told how recent the rule wants it (RFC 9470 section 3)', async () => {
  house = await openHouse()
  const ada = await atVault(house)
  const answer = await ada.send('/vault', { headers: { accept: 'application/json' } })
  expect(answer.status).toBe(401)
  expect(answer.headers.get('www-authenticate')).toContain('insufficient_user_authentication')
  expect(answer.headers.get('www-authenticate')).toContain('max_age="120"')
})
