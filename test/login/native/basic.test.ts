import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Arcade, openArcade } from './support/arcade.ts'
import { decide, pathOf } from './support/deciding.ts'

let arcade: Arcade
beforeEach(async () => {
  arcade = await openArcade()
})
afterEach(() => arcade.close())

describe('a browser that sends Basic credentials of a site around this one', () => {
  const BASIC = { authorization: `Basic ${btoa('site:password')}` }

  test('decides about a device on the page it is shown', async () => {
    const device = await arcade.device()
    const ada = await arcade.signedIn()
    ada.headers = BASIC
    const page = await ada.visit(pathOf(device.verification_uri_complete))
    expect(page.headers.get('content-type')).toContain('text/html')
    await decide(ada, page, 'allow')
    expect((await arcade.poll(device)).status).toBe(200)
  })

  test('is led to sign in, and sees the pages of its account', async () => {
    const ada = arcade.browser()
    ada.headers = BASIC
    expect((await ada.visit('/auth/device')).location).toBe('/auth/sign-in?to=device')
    await ada.signIn('guild', 'ada', 'to=device')
    expect((await ada.visit('/auth/account')).headers.get('content-type')).toContain('text/html')
    expect((await ada.post('/auth/sign-out')).status).toBe(303)
  })

  test.each([
    ['a script', { ...BASIC, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    ['a program', { ...BASIC, 'sec-fetch-mode': '', 'sec-fetch-dest': '' }],
    ['an API token', { authorization: 'Token pst_aaaaaaaaaa_x' }],
    ['a bearer', { authorization: 'Bearer pss_aaaaaaaaaa.x.y' }],
    ['a bearer of others', { authorization: 'Bearer abc' }],
    ['two credentials', { authorization: 'Basic YTpi, Bearer pss_aaaaaaaaaa.x.y' }],
    ['Basic and an API token', { ...BASIC, 'x-api-token': 'pst_aaaaaaaaaa_x' }],
  ])('decides nothing as %s', async (_, headers) => {
    const device = await arcade.device()
    const ada = await arcade.signedIn()
    const body = `user_code=${device.user_code}&decision=allow`
    const visit = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    const form = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(body.length) }
    const from = { origin: 'https://play.example.com', 'sec-fetch-site': 'same-origin' }
    const told = await ada.send('/auth/device', {
      method: 'POST',
      body,
      headers: { ...visit, ...form, ...from, ...headers },
    })
    expect(told.status).toBeGreaterThanOrEqual(400)
    expect(arcade.said(await arcade.poll(device))).toBe('400 authorization_pending')
  })
})
