import { afterEach, describe, expect, test } from 'vitest'
import type { Waiting } from './support/browser.ts'
import { type House, openHouse } from './support/house.ts'

let house: House
afterEach(() => house.close())

describe('the loop breaker (users.md row 5)', () => {
  test('explains, once, when the session cookie does not come back', async () => {
    house = await openHouse()
    const ada = house.browser()
    await ada.signIn('guild', 'ada')
    ada.jar.delete('__Host-postern')
    const challenge = await ada.visit('/play/1')
    const stopped = await ada.visit(challenge.location ?? '')
    expect(stopped.status).toBe(400)
    expect(stopped.location).toBeNull()
    const retry = /href="(\/auth\/sign-in[^"]*)"/.exec(stopped.html)?.[1] ?? ''
    expect((await ada.visit(retry)).status).toBe(200)
  })

  test('stops a page that starts by itself, so that there is one automatic attempt in a minute', async () => {
    house = await openHouse()
    const ada = house.browser()
    await ada.signIn('guild', 'ada')
    ada.jar.delete('__Host-postern')
    expect((await ada.visit('/auth/start/guild', 'same-origin')).status).toBe(400)
    expect((await ada.visit('/auth/start/guild', 'same-origin')).status).toBe(302)
  })

  test('keeps out of the way of a sign-out and of a session that was ended', async () => {
    house = await openHouse()
    const ada = house.browser()
    await ada.signIn('guild', 'ada')
    await ada.post('/auth/sign-out')
    expect((await ada.visit('/auth/sign-in')).status).toBe(200)
    await ada.signIn('guild', 'ada')
    const thief = ada.copy()
    await thief.post('/auth/sign-out')
    expect((await ada.visit('/auth/sign-in')).status).toBe(200)
  })

  test('names the frame, or the other address, where that is the likely cause', async () => {
    house = await openHouse({ hosts: ['play2.example.com'] })
    const ada = house.browser()
    ada.jar.set('__Host-pa', '1')
    ada.headers = { host: 'play2.example.com' }
    expect((await ada.visit('/auth/sign-in')).html).toContain('different address')
  })
})

describe('a session that was ended (SPEC 2; users.md rows 17, 18)', () => {
  test('from another device: the player is told so where the visit leads, and may sign in', async () => {
    house = await openHouse()
    const ada = house.browser()
    await ada.signIn('guild', 'ada')
    const phone = house.browser()
    await phone.signIn('guild', 'ada')
    await phone.press(await phone.visit('/auth/account'), '/devices/end-others')
    const page = await ada.visit((await ada.visit('/play/1')).location ?? '')
    expect(page.status).toBe(200)
    expect(page.html).toContain('This device was signed out from another tab or device.')
    expect(page.html).toContain('/auth/start/guild?return_to=%2Fplay%2F1')
  })

  test('by age: the player is told that it expired', async () => {
    house = await openHouse({ session: { absolute: '1h', idle: '1h' } })
    const ada = house.browser()
    await ada.signIn('guild', 'ada')
    house.wait(3600)
    const page = await ada.visit((await ada.visit('/play/1')).location ?? '')
    expect(page.html).toContain('a sign-in ends after a while')
  })

  test('by the cap of another sign-in: the player is told that it is used elsewhere', async () => {
    house = await openHouse()
    const ada = house.browser()
    await ada.signIn('guild', 'ada')
    house.wait(1)
    for (let n = 0; n < 2; n++) await house.browser().signIn('guild', 'ada')
    const page = await ada.visit((await ada.visit('/play/1')).location ?? '')
    expect(page.html).toContain('so this one was signed out')
    expect(page.html).toContain('If that was not you, sign in and check your devices.')
    // It leads to the devices and not to the game, and is not there where it leads already.
    expect(page.html).toContain('href="/auth/sign-in?to=account">Check my devices</a>')
    const there = await ada.visit('/auth/sign-in?to=account')
    expect(there.html).toContain('so this one was signed out')
    expect(there.html).not.toContain('Check my devices')
  })

  test('a form that comes after it is told that nobody is signed in', async () => {
    house = await openHouse()
    const ada = house.browser()
    await ada.signIn('guild', 'ada')
    const page = await ada.visit('/auth/account')
    const phone = house.browser()
    await phone.signIn('guild', 'ada')
    await phone.press(await phone.visit('/auth/account'), '/devices/end-others')
    const refused = await ada.press(page, '/auth/link/tavern')
    expect([refused.status, refused.html]).toEqual([401, expect.stringContaining('Nothing was submitted')])
    expect(refused.html).toContain('You are not signed in.')
    expect(refused.html).not.toContain('This did not sign you out.')
  })

  test('is told by its own cookie alone, never because an address says so', async () => {
    house = await openHouse()
    const page = await house.browser().visit('/auth/sign-in?return_to=%2Fplay%2F1&ended=banned')
    expect(page.status).toBe(200)
    expect(page.html).not.toContain('class="note')
  })
})

describe('a browser inside another app (users.md row 11)', () => {
  test('is shown the address to open elsewhere, and may go on', async () => {
    house = await openHouse()
    const ada = house.browser()
    ada.headers = { 'user-agent': 'Mozilla/5.0 (Linux; Android 15; wv) Chrome/130.0' }
    const page = await ada.visit('/auth/start/guild?return_to=%2Fplay%2F1')
    expect(page.status).toBe(200)
    expect(page.html).toContain('https://play.example.com/auth/start/guild?return_to=%2Fplay%2F1')
    expect(ada.jar.size).toBe(0)
    await ada.comeBack(await ada.start('guild', 'return_to=%2Fplay%2F1&anyway=1'), 'ada')
    expect(await ada.session()).not.toBeNull()
  })
})

describe('limits of a network (users.md row 40)', () => {
  test('5 sign-ins and sign-ups a minute and address, and the sixth is told when to come back (O3)', async () => {
    house = await openHouse({ limits: { startsPerMinute: 5 } })
    const ada = house.browser()
    for (let n = 0; n < 5; n++) await ada.start('guild')
    const sixth = await ada.visit('/auth/start/guild')
    expect([sixth.status, Number(sixth.headers.get('retry-after')) > 0]).toEqual([429, true])
    house.wait(60)
    expect((await ada.comeBack(await ada.start('guild'), 'ada')).status).toBe(303)
  })

  test('on starts and on callbacks are apart, and say when to come back', async () => {
    house = await openHouse({ limits: { startsPerMinute: 2, callbacksPerMinute: 1 } })
    const ada = house.browser()
    const first = await ada.start('guild')
    const second = await ada.start('guild')
    const third = await ada.visit('/auth/start/guild')
    expect(third.status).toBe(429)
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await ada.comeBack(first, 'ada')).status).toBe(303)
    expect((await ada.comeBack(second, 'ada')).status).toBe(429)
    house.wait(60)
    // The attempt was not spent by the refusal.
    expect((await ada.comeBack(second, 'ada')).status).toBe(303)
  })

  test('on the forms that a provider has browsers post are those of callbacks, and apart (SPEC 10)', async () => {
    house = await openHouse({ limits: { callbacksPerMinute: 1 } })
    Object.assign(house.bench.gateway.providers.get('guild') ?? {}, { formPost: true })
    const ada = house.browser()
    const [first, second] = [await ada.start('guild'), await ada.start('guild')]
    const posted = (waiting: Waiting) =>
      ada.post(
        '/auth/callback/guild',
        { state: waiting.state, code: ada.codeFor(waiting, 'ada') },
        'https://id.example',
      )
    const taken = await posted(first)
    expect(taken.status).toBe(303)
    const { calls } = house.bench
    const before = calls.length
    const over = await posted(second)
    expect(over.status).toBe(429)
    expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(calls.slice(before)).toEqual(['rates.hit'])
    expect((await ada.visit(taken.location ?? '')).location).toBe('/play/1')
    house.wait(60)
    expect((await posted(second)).status).toBe(303)
  })
})

describe('embedded hosts (users.md row 9)', () => {
  const embed = { hosts: ['frame.example.com'], ancestors: ['https://discord.com'] }

  test('get a partitioned session cookie, and pages the ancestors may frame', async () => {
    house = await openHouse({ hosts: ['frame.example.com'], embed })
    const guest = house.browser()
    guest.headers = { host: 'frame.example.com' }
    const made = await guest.post('/auth/guest', { return_to: '/play/1' }, 'https://frame.example.com')
    const cookie = made.headers.getSetCookie().find((line) => line.startsWith('__Host-postern='))
    expect(cookie).toContain('; Secure; SameSite=None; Partitioned')
    const page = await guest.visit('/auth/account')
    expect(page.headers.get('content-security-policy')).toContain('frame-ancestors https://discord.com;')
  })

  test('show a frame pages: a challenge, ways to sign in that leave it, and a guest button that leads back', async () => {
    house = await openHouse({ hosts: ['frame.example.com'], embed })
    const visit = { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate', accept: 'text/html' }
    const framed = { ...visit, host: 'frame.example.com', 'sec-fetch-site': 'cross-site' }
    const guest = house.browser()
    const asked = await guest.send('/play/1', { headers: framed })
    expect([asked.status, asked.location]).toEqual([302, '/auth/sign-in?return_to=%2Fplay%2F1'])
    const chooser = await guest.send(asked.location ?? '', { headers: framed })
    expect(chooser.html).toMatch(/href="\/auth\/start\/guild[^"]*" target="_blank" rel="noopener"/)
    const body = 'return_to=%2Fplay%2F1'
    const typed = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': `${body.length}` }
    const form = { origin: 'https://frame.example.com', ...typed }
    const made = await guest.send('/auth/guest', { method: 'POST', headers: { ...framed, ...form }, body })
    expect([made.status, made.location]).toEqual([303, '/play/1'])
    expect((await house.browser().send('/play/1', { headers: visit })).status).toBe(401)
  })

  test('send forms and open sockets from their own pages, and from nobody else', async () => {
    house = await openHouse({ hosts: ['frame.example.com'], embed })
    const guest = house.browser()
    const host = 'frame.example.com'
    guest.headers = { host }
    await guest.post('/auth/guest', {}, 'https://frame.example.com')
    const from = async (origin: string, more: Readonly<Record<string, string>> = {}) =>
      (
        await guest.send('/play/1', {
          ...(more['upgrade'] ? {} : { method: 'POST' }),
          headers: { origin, host, ...more },
        })
      ).status
    const socket = { upgrade: 'websocket', connection: 'Upgrade' }
    for (const own of ['https://frame.example.com', 'https://play.example.com'])
      expect([await from(own), await from(own, socket)]).toEqual([200, 101])
    for (const foreign of ['https://discord.com', 'http://frame.example.com', 'https://frame.example.com:444'])
      expect([await from(foreign), await from(foreign, socket)]).toEqual([403, 403])
  })

  test('are the only ones', async () => {
    house = await openHouse({ hosts: ['frame.example.com'], embed })
    const ada = house.browser()
    const done = await ada.signIn('guild', 'ada')
    const cookie = done.headers.getSetCookie().find((line) => line.startsWith('__Host-postern='))
    expect(cookie).toContain('; SameSite=Lax')
    expect((await ada.visit('/auth/account')).headers.get('content-security-policy')).toContain(
      "frame-ancestors 'none'",
    )
  })

  test('start at the external origin, where providers come back to', async () => {
    house = await openHouse({ hosts: ['frame.example.com'], embed })
    const ada = house.browser()
    ada.headers = { host: 'frame.example.com' }
    const answer = await ada.visit('/auth/start/guild?return_to=%2Fplay%2F1')
    expect(answer.location).toBe('https://play.example.com/auth/start/guild?return_to=%2Fplay%2F1')
  })

  test('sign out of both forms', async () => {
    house = await openHouse({ hosts: ['frame.example.com'], embed })
    const lines = (await house.browser().post('/auth/sign-out')).headers.getSetCookie()
    const ended = lines.filter((line) => line.startsWith('__Host-postern=;'))
    expect(ended).toHaveLength(2)
    expect(ended.filter((line) => line.includes('Partitioned'))).toHaveLength(1)
  })
})
