import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { formsOf } from '../support/forms.ts'
import type { Browser, Seen } from './support/browser.ts'
import { type House, openHouse } from './support/house.ts'

const HERE = '/auth/sign-out?provider=1'

let house: House
let ada: Browser
beforeEach(async () => {
  house = await openHouse()
  house.ops.guild.metadata = { end_session_endpoint: `${house.ops.guild.url}/end` }
  ada = house.browser()
})
afterEach(() => house.close())

/** Addresses the forms of a page post to. */
function actionsOf(page: Seen): readonly string[] {
  return formsOf(page.html).map(({ action }) => action)
}

/** Where a page that moves on by itself goes. */
function onwardOf(page: Seen): URL {
  return new URL((/content="0;url=([^"]*)"/.exec(page.html)?.[1] ?? '').replaceAll('&amp;', '&'))
}

describe('the account page', () => {
  test('offers to sign out at the provider too, and the button leads there', async () => {
    await ada.signIn('guild', 'ada')
    await house.bench.settle()
    const page = await ada.visit('/auth/account')
    expect(page.html).toContain('Sign out here and at <bdi>Guild</bdi>')
    const onward = onwardOf(await ada.press(page, HERE))
    expect(`${onward.origin}${onward.pathname}`).toBe(`${house.ops.guild.url}/end`)
    expect(await ada.session()).toBeNull()
  })

  test('does not offer it where the provider has no end-session endpoint', async () => {
    await ada.signIn('tavern', 'ada')
    const actions = actionsOf(await ada.visit('/auth/account'))
    expect(actions).toContain('/auth/sign-out')
    expect(actions).not.toContain(HERE)
  })

  test('comes without that button, and long before its timeout, while the provider does not answer', async () => {
    await house.close()
    house = await openHouse({ session: { idle: '7d' } }, { timeout: 30 })
    ada = house.browser()
    await ada.signIn('guild', 'ada')
    // WHY: after a day what is known of its endpoints is too old to be used.
    house.wait(86_401)
    const waiting: ServerResponse[] = []
    house.ops.guild.on('/.well-known/openid-configuration', (_, response) => void waiting.push(response))
    const began = performance.now()
    const page = await ada.visit('/auth/account')
    expect([page.status, ...['/auth/sign-out', HERE].map((path) => actionsOf(page).includes(path))]).toEqual([
      200,
      true,
      false,
    ])
    expect((await ada.post('/auth/sign-out')).location).toBe('/auth/signed-out?at=guild')
    expect(performance.now() - began).toBeLessThan(15_000)
    expect(waiting.length).toBeGreaterThan(0)
    for (const response of waiting) response.destroy()
  })
})

describe('the landing page after signing out here only', () => {
  async function landing(provider: string, path = '/auth/sign-out'): Promise<Seen> {
    await ada.signIn(provider, 'ada')
    await house.bench.settle()
    const answer = await ada.post(path)
    return ada.visit(answer.location ?? '')
  }

  test('says where the session may go on, and ends it there with the ID token as the hint', async () => {
    const page = await landing('guild')
    expect(page.html).toContain('You may still be signed in at <bdi>Guild</bdi> itself.')
    const onward = onwardOf(await ada.press(page, HERE))
    expect(`${onward.origin}${onward.pathname}`).toBe(`${house.ops.guild.url}/end`)
    expect(onward.searchParams.get('id_token_hint')?.split('.')).toHaveLength(3)
    expect(onward.searchParams.get('post_logout_redirect_uri')).toBe('https://play.example.com/auth/signed-out')
    expect(ada.jar.size).toBe(0)
    expect((await ada.visit('/auth/signed-out')).html).not.toContain('itself')
  })

  test('says so after signing out everywhere as well', async () => {
    const page = await landing('guild', '/auth/sign-out/everywhere')
    expect(page.html).toContain('on all your devices')
    expect(actionsOf(page)).toContain(HERE)
  })

  test('says it of a provider without an end-session endpoint, with no button that could not keep its word', async () => {
    const page = await landing('tavern')
    expect(page.html).toContain('You may still be signed in at <bdi>Tavern</bdi> itself.')
    expect(actionsOf(page)).toEqual([])
    expect(ada.jar.size).toBe(0)
  })

  test('hands the ID token to nobody but the browser that signed out, and once', async () => {
    const page = await landing('guild')
    expect((await house.browser().post(HERE)).location).toBe('/auth/signed-out')
    const twin = ada.copy()
    expect((await ada.press(page, HERE)).html).toContain('id_token_hint')
    expect((await twin.post(HERE)).location).toBe('/auth/signed-out')
  })

  test('forgets the way after ten minutes', async () => {
    const page = await landing('guild')
    house.wait(601)
    expect(actionsOf(await ada.visit('/auth/signed-out?at=guild'))).toEqual([])
    expect((await ada.press(page, HERE)).location).toBe('/auth/signed-out')
  })

  test('names only providers of this deployment, whatever a link says', async () => {
    const page = await ada.visit('/auth/signed-out?at=Evil%20Bank')
    expect(page.html).not.toContain('Evil')
    expect(page.html).not.toContain('itself')
  })

  test('says nothing of a provider to a guest who left', async () => {
    await ada.post('/auth/guest', { return_to: '/lobby' })
    expect((await ada.post('/auth/sign-out')).location).toBe('/auth/signed-out')
  })
})
