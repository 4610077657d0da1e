import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { formsOf } from '../../support/forms.ts'
import type { Browser, Seen } from '../support/browser.ts'
import { type Arcade, openArcade } from './support/arcade.ts'
import { allowed, codeFor, consentPage, decide, onward, pathOf, query } from './support/deciding.ts'

let arcade: Arcade
beforeEach(async () => {
  arcade = await openArcade()
})
afterEach(() => arcade.close())

/** Follows redirects to the sign-in page, and presses the guest's button there. */
async function asGuest(browser: Browser, from: string): Promise<Seen> {
  let page = await browser.visit(from)
  while (page.location !== null) page = await browser.visit(page.location)
  const made = await browser.press(page, '/auth/guest')
  return browser.visit(made.location ?? 'nowhere')
}

async function play(token: unknown): Promise<number> {
  return (await arcade.bench.request('/play/1', { headers: { authorization: `Bearer ${token}` } })).status
}

describe('whoever is not signed in', () => {
  test('may let a device in as a guest, where guests play', async () => {
    const device = await arcade.device()
    const guest = arcade.browser()
    const page = await asGuest(guest, pathOf(device.verification_uri_complete))
    expect(page.html).toContain(device.user_code)
    await decide(guest, page, 'allow')
    expect(await play((await arcade.poll(device)).body['access_token'])).toBe(200)
  })

  test('may let a program beside the browser in as a guest', async () => {
    const guest = arcade.browser()
    const page = await asGuest(guest, `/auth/authorize?${await query()}`)
    const code = onward(await decide(guest, page, 'allow')).searchParams.get('code') ?? ''
    expect(await play((await arcade.redeem(code)).body['access_token'])).toBe(200)
  })

  test('is offered no guest where there are none, nor on the way to pages that are not for guests', async () => {
    const offered = async (to: string) =>
      formsOf((await arcade.browser().visit(`/auth/sign-in?to=${to}`)).html).some(
        ({ action }) => action === '/auth/guest',
      )
    expect([
      await offered('device'),
      await offered('account'),
      await offered('admin'),
      await offered('invite'),
    ]).toEqual([true, false, false, false])
    await arcade.close()
    arcade = await openArcade({ guests: 'off' })
    expect(await offered('device')).toBe(false)
  })

  test.each(['account', 'admin', 'invite', 'sign-out', '//evil.example'])(
    'comes to no own page by to=%s',
    async (to) => {
      const guest = arcade.browser()
      const made = await guest.post('/auth/guest', { to, user_code: 'BBBBBBBB' })
      expect([made.status, await guest.session()]).toEqual([400, null])
    },
  )
})

describe('a program that a guest let in', () => {
  test('is over with the guest account, and says so when it is let in', async () => {
    const guest = arcade.browser()
    await guest.post('/auth/guest', {})
    arcade.wait(3600)
    const device = await arcade.device()
    await allowed(device, guest)
    const { access_token, expires_in } = (await arcade.poll(device)).body
    expect(expires_in).toBe(23 * 3600)
    arcade.wait(7 * 3600)
    expect(await play(access_token)).toBe(200)
    arcade.wait(7 * 3600)
    expect(await play(access_token)).toBe(200)
    arcade.wait(7 * 3600)
    expect(await play(access_token)).toBe(200)
    arcade.wait(2 * 3600)
    expect(await play(access_token)).toBe(401)
  })

  test('ends when the guest becomes an account, and what waits is not let in', async () => {
    const guest = arcade.browser()
    await guest.post('/auth/guest', {})
    const [first, second] = [await arcade.device(), await arcade.device()]
    await allowed(first, guest)
    const { access_token } = (await arcade.poll(first)).body
    await allowed(second, guest)
    const code = await codeFor(guest)
    await guest.signIn('guild', 'ada')
    expect(await guest.session()).toMatchObject({ user: { guest: false } })
    expect(await play(access_token)).toBe(401)
    expect(arcade.said(await arcade.poll(second))).toBe('400 access_denied')
    expect(arcade.said(await arcade.redeem(code))).toBe('400 invalid_grant')
    expect((await consentPage(guest)).status).toBe(200)
  })
})
