import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { note } from '../contract/people.ts'
import type { Browser, Seen } from './support/browser.ts'
import { type House, openHouse } from './support/house.ts'

let house: House
let ada: Browser
beforeEach(async () => {
  house = await openHouse()
  ada = house.browser()
  await ada.signIn('guild', 'ada')
})
afterEach(() => house.close())

/** Adds a way to sign in, from the button of the account page. */
async function link(by: Browser, provider: string, person: string, fields: Readonly<Record<string, string>> = {}) {
  const away = await by.post(`/auth/link/${provider}`, fields)
  return by.comeBack(by.waitingAt(provider, away), person)
}

function handle(page: Seen, verb: string): readonly string[] {
  return [...page.html.matchAll(new RegExp(`action="(/auth/${verb}\\?identity=[^"]*)"`, 'g'))].map(
    ([, url]) => url ?? '',
  )
}

describe('linking', () => {
  test('adds another provider to the signed-in account (seeds L1)', async () => {
    const before = await ada.session()
    const answer = await link(ada, 'tavern', 'ada-of-tavern')
    expect(answer.location).toBe('/auth/account?saved=1')
    expect(await ada.session()).toMatchObject({ sid: before?.sid, user: { id: before?.user.id } })
    expect((await ada.identities()).map(({ provider, primary }) => [provider, primary])).toEqual([
      ['guild', true],
      ['tavern', false],
    ])
  })

  test('as primary at once, where asked (seeds L1)', async () => {
    await link(ada, 'tavern', 'ada-of-tavern', { primary: '1' })
    expect((await ada.identities()).filter(({ primary }) => primary).map(({ provider }) => provider)).toEqual([
      'tavern',
    ])
  })

  test('adds nothing to the account that is signed in by then, when another one began it', async () => {
    const waiting = ada.waitingAt('tavern', await ada.post('/auth/link/tavern'))
    await ada.post('/auth/sign-out')
    await ada.signIn('guild', 'bob')
    const answer = await ada.comeBack(waiting, 'ada-of-tavern')
    expect([answer.status, answer.location]).toEqual([400, null])
    expect((await ada.identities()).map(({ provider }) => provider)).toEqual(['guild'])
  })

  test('adds nothing to an account that was suspended meanwhile', async () => {
    const waiting = ada.waitingAt('tavern', await ada.post('/auth/link/tavern'))
    const { directory } = house.bench.store
    const { items } = await directory.search('', { after: null, limit: 9 })
    const [user] = items
    if (user === undefined) throw new Error('nobody is there')
    const now = house.bench.gateway.runtime.now()
    const audit = note('standing-changed', user, now)
    await directory.setStanding(user, { kind: 'banned', reason: 'test' }, [], now, audit)
    expect((await ada.comeBack(waiting, 'ada-of-tavern')).status).toBe(403)
    expect((await directory.identities(user)).map(({ provider }) => provider)).toEqual(['guild'])
  })

  test('goes back to a page of the game, where asked; never to a foreign one', async () => {
    expect((await link(ada, 'tavern', 'ada-of-tavern', { return_to: '/play/settings' })).location).toBe(
      '/play/settings',
    )
    expect((await ada.post('/auth/link/tavern', { return_to: 'https://evil.example/' })).status).toBe(400)
  })

  test('either identity opens the same user; the session names the one used, the user the primary (seeds L5)', async () => {
    const first = await ada.session()
    await link(ada, 'tavern', 'ada-of-tavern')
    const elsewhere = house.browser()
    await elsewhere.signIn('tavern', 'ada-of-tavern')
    expect(await elsewhere.session()).toMatchObject({
      user: { id: first?.user.id },
      provider: 'tavern',
      primary_identity: { provider: 'guild' },
    })
  })

  test('shows provider, name, e-mail and since when; never the provider id (seeds L4, P1)', async () => {
    const waiting = ada.waitingAt('tavern', await ada.post('/auth/link/tavern'))
    await ada.comeBack(waiting, 'subject-77', { name: 'Ada T.', email: 'ada@tavern.example' })
    const answer = await ada.send('/auth/account', { headers: { accept: 'application/json' } })
    const [, second] = await ada.identities()
    expect(second).toMatchObject({ provider: 'tavern', name: 'Ada T.', email: 'ada@tavern.example' })
    expect(Date.parse(second?.since ?? '')).toBe(house.bench.clock.now * 1000)
    expect(answer.html).not.toContain('subject-77')
    expect(answer.html).not.toContain(house.ops.tavern.url)
  })

  test('an identity of another account is refused with a page, and stays where it is (SPEC 3)', async () => {
    const eve = house.browser()
    await eve.signIn('tavern', 'eve')
    const answer = await link(ada, 'tavern', 'eve')
    expect(answer.status).toBe(409)
    expect(answer.html).toContain('/auth/account')
    expect(answer.html).toContain('/auth/start/tavern')
    expect(await ada.identities()).toHaveLength(1)
    expect(await eve.session()).toMatchObject({ user: { name: 'eve' } })
  })

  test('the same identity twice is no error and no second one', async () => {
    await link(ada, 'tavern', 'ada-of-tavern')
    expect((await link(ada, 'tavern', 'ada-of-tavern')).status).toBe(303)
    expect(await ada.identities()).toHaveLength(2)
  })

  test('an equal, verified e-mail address never joins two accounts (seeds L6, users.md row 22)', async () => {
    const other = house.browser()
    await other.signIn('tavern', 'somebody', undefined, { email: 'ada@guild.example', email_verified: true })
    const [one, two] = [await ada.session(), await other.session()]
    expect(two?.user.id).not.toBe(one?.user.id)
  })

  test('a no of the provider leads back to the account, never into another sign-in', async () => {
    const waiting = ada.waitingAt('tavern', await ada.post('/auth/link/tavern'))
    const answer = await ada.visit(`/auth/callback/tavern?error=access_denied&state=${waiting.state}`, 'cross-site')
    expect(answer.status).toBe(403)
    expect(answer.html).toContain('href="/auth/account"')
    expect(answer.html).not.toContain('/auth/start/tavern')
  })
})

describe('a sign-in that is too old', () => {
  test('is asked for first, and linking goes on by itself (SPEC 3)', async () => {
    const before = await ada.session()
    house.wait(301)
    const again = ada.waitingAt('guild', await ada.post('/auth/link/tavern', { primary: '1' }))
    expect(again.parameters.get('prompt')).toBe('login')
    const onward = ada.waitingAt('tavern', await ada.comeBack(again, 'ada'))
    expect((await ada.comeBack(onward, 'ada-of-tavern')).location).toBe('/auth/account?saved=1')
    expect(await ada.session()).toMatchObject({ sid: before?.sid })
    expect(await ada.identities()).toMatchObject([{ provider: 'guild' }, { provider: 'tavern', primary: true }])
  })

  test('is no matter at 300 seconds', async () => {
    house.wait(300)
    ada.waitingAt('tavern', await ada.post('/auth/link/tavern'))
  })

  test('is not renewed by an identity of somebody else, and nothing is linked', async () => {
    const eve = house.browser()
    await eve.signIn('guild', 'eve')
    house.wait(301)
    const again = ada.waitingAt('guild', await ada.post('/auth/link/tavern'))
    const answer = await ada.comeBack(again, 'eve')
    expect(answer.status).toBe(409)
    expect(await ada.session()).toMatchObject({ user: { name: 'ada' } })
  })

  test('is not renewed by an identity nobody knows, and no account is made', async () => {
    house.wait(301)
    const again = ada.waitingAt('guild', await ada.post('/auth/link/tavern'))
    expect((await ada.comeBack(again, 'stranger')).status).toBe(403)
    const { items } = await house.bench.store.directory.search('', { after: null, limit: 10 })
    expect(items).toHaveLength(1)
  })

  test('a provider that answers with an old auth_time is not asked for ever', async () => {
    house.wait(1000)
    const again = ada.waitingAt('guild', await ada.post('/auth/link/tavern'))
    const answer = await ada.comeBack(again, 'ada', { auth_time: house.bench.clock.now - 900 })
    expect([answer.status, answer.location]).toEqual([403, null])
    expect(answer.html).toContain('/auth/sign-in?to=account&amp;fresh=1')
    expect(await ada.identities()).toHaveLength(1)
  })

  test('tells a program that it needs a recent one (RFC 9470)', async () => {
    house.wait(301)
    const answer = await ada.send('/auth/unlink?provider=guild', { method: 'POST', headers: { accept: '*/*' } })
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toContain('insufficient_user_authentication')
  })
})

describe('an old sign-in in a browser', () => {
  /** Presses a button of the account page of somebody who signed in too long ago, confirms, and is back. */
  async function pressed(verb: 'unlink' | 'primary'): Promise<Seen> {
    await link(ada, 'tavern', 'ada-of-tavern')
    house.wait(301)
    const page = await ada.visit('/auth/account')
    const before = await ada.identities()
    const waiting = ada.waitingAt('guild', await ada.press(page, `/auth/${verb}?identity=`))
    expect(waiting.parameters.get('prompt')).toBe('login')
    expect(await ada.identities()).toEqual(before)
    const back = await ada.comeBack(waiting, 'ada')
    expect(back.location).toBe('/auth/account')
    return ada.visit('/auth/account')
  }

  test('is asked for again before one is removed, comes back to the account, and then it works', async () => {
    await ada.press(await pressed('unlink'), '/auth/unlink?identity=')
    expect(await ada.identities()).toHaveLength(1)
  })

  test('is asked for again before another becomes primary, comes back to the account, and then it works', async () => {
    await ada.press(await pressed('primary'), '/auth/primary?identity=')
    expect((await ada.identities()).map(({ provider, primary }) => [provider, primary])).toEqual([
      ['guild', false],
      ['tavern', true],
    ])
  })

  test('comes back with nothing changed when somebody else confirms', async () => {
    await link(ada, 'tavern', 'ada-of-tavern')
    house.wait(301)
    const waiting = ada.waitingAt('guild', await ada.press(await ada.visit('/auth/account'), '/auth/primary?identity='))
    expect((await ada.comeBack(waiting, 'stranger')).status).toBe(403)
    const again = ada.waitingAt('guild', await ada.press(await ada.visit('/auth/account'), '/auth/primary?identity='))
    expect(again.parameters.get('prompt')).toBe('login')
  })
})

describe('unlinking', () => {
  test('removes one; removing the primary makes the oldest remaining one primary (seeds L3)', async () => {
    await link(ada, 'tavern', 'ada-of-tavern')
    const page = await ada.visit('/auth/account')
    const [primary = ''] = handle(page, 'unlink')
    expect((await ada.post(primary)).location).toBe('/auth/account?saved=1')
    expect(await ada.identities()).toMatchObject([{ provider: 'tavern', primary: true }])
    const elsewhere = house.browser()
    await elsewhere.signIn('guild', 'ada')
    expect((await elsewhere.session())?.user.id).not.toBe((await ada.session())?.user.id)
  })

  test('never removes the last one: a page says so (seeds L3)', async () => {
    expect(handle(await ada.visit('/auth/account'), 'unlink')).toEqual([])
    const answer = await ada.post('/auth/unlink?provider=guild')
    expect(answer.status).toBe(409)
    expect(answer.html).toContain('Guild')
    expect(await ada.identities()).toHaveLength(1)
  })

  test('needs to be told which one, where there are two of one provider (seeds L3)', async () => {
    await link(ada, 'guild', 'ada-two')
    expect((await ada.post('/auth/unlink?provider=guild')).status).toBe(404)
    const [, second] = await ada.identities()
    expect((await ada.post(`/auth/unlink?identity=${second?.identity}`)).status).toBe(303)
    expect(await ada.identities()).toMatchObject([{ name: 'ada' }])
  })

  test('does not reach identities of others by their handle', async () => {
    const eve = house.browser()
    await eve.signIn('guild', 'eve')
    await link(eve, 'tavern', 'eve-of-tavern')
    const [first] = await eve.identities()
    expect((await ada.post(`/auth/unlink?identity=${first?.identity}`)).status).toBe(404)
    expect(await eve.identities()).toHaveLength(2)
  })
})

describe('the primary identity', () => {
  test('is exactly one, also after two wishes at once (seeds L2)', async () => {
    await link(ada, 'tavern', 'ada-of-tavern')
    const [guild, tavern] = await ada.identities()
    const wishes = [guild, tavern].map((one) => ada.copy().post(`/auth/primary?identity=${one?.identity}`))
    expect((await Promise.all(wishes)).map(({ status }) => status)).toEqual([303, 303])
    expect((await ada.identities()).filter(({ primary }) => primary)).toHaveLength(1)
  })
})

describe('the account page', () => {
  test('asks whoever is not signed in to do so, and comes back', async () => {
    const nobody = house.browser()
    expect((await nobody.visit('/auth/account')).location).toBe('/auth/sign-in?to=account')
    const page = await nobody.visit('/auth/sign-in?to=account')
    expect(page.html).toContain('/auth/start/guild?to=account')
  })

  test('ends another device, and not that of somebody else', async () => {
    const phone = house.browser()
    await phone.signIn('guild', 'ada')
    const eve = house.browser()
    await eve.signIn('guild', 'eve')
    const sid = (await phone.session())?.sid ?? ''
    expect((await eve.post(`/auth/devices/end?sid=${sid}`)).status).toBe(404)
    expect((await ada.post(`/auth/devices/end?sid=${sid}`)).location).toBe('/auth/account?saved=1')
    expect(await phone.session()).toBeNull()
    expect(await ada.session()).not.toBeNull()
    expect(await eve.session()).not.toBeNull()
  })

  test('tells a button that was pressed twice that the deed is done, and leads back', async () => {
    const phone = house.browser()
    await phone.signIn('guild', 'ada')
    await link(ada, 'tavern', 'ada-of-tavern')
    const page = await ada.visit('/auth/account')
    const sid = (await phone.session())?.sid ?? ''
    for (const which of [`/auth/devices/end?sid=${sid}`, '/auth/unlink']) {
      expect((await ada.press(page, which)).location).toBe('/auth/account?saved=1')
      const again = await ada.press(page, which)
      expect([which, again.status]).toEqual([which, 404])
      expect(again.html).toContain('This is no longer in your account')
      expect(again.html).toContain('href="/auth/account"')
      expect(again.html).not.toContain('This page does not exist')
    }
  })

  test('ends every device but this one', async () => {
    const phone = house.browser()
    await phone.signIn('guild', 'ada')
    await ada.press(await ada.visit('/auth/account'), '/devices/end-others')
    expect(await phone.session()).toBeNull()
    expect(await ada.session()).not.toBeNull()
  })

  test('ending this device is a sign-out', async () => {
    const sid = (await ada.session())?.sid ?? ''
    const answer = await ada.post(`/auth/devices/end?sid=${sid}`)
    expect(answer.location).toBe('/auth/signed-out?at=guild')
    expect(ada.cookie).not.toContain('__Host-postern=')
  })

  test('names devices by what their user agent says', async () => {
    ada.headers = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' }
    await ada.signIn('guild', 'ada')
    await ada.post('/auth/sign-out')
    await ada.signIn('guild', 'ada')
    expect((await ada.visit('/auth/account')).html).toContain('Firefox · Linux')
  })
})
