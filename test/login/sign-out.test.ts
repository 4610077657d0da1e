import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readRecord } from '../../src/session/side-record.ts'
import type { Browser } from './support/browser.ts'
import { type House, openHouse } from './support/house.ts'

let house: House
let ada: Browser
beforeEach(async () => {
  house = await openHouse()
  ada = house.browser()
})
afterEach(() => house.close())

describe('signing out', () => {
  test('ends this device only, deletes our cookies only, and lands where nothing starts', async () => {
    await ada.signIn('guild', 'ada')
    const phone = house.browser()
    await phone.signIn('guild', 'ada')
    const stolen = ada.copy()
    const answer = await ada.post('/auth/sign-out')
    expect(answer.location).toBe('/auth/signed-out?at=guild')
    expect(answer.headers.get('clear-site-data')).toBe('"cache"')
    expect(ada.jar.size).toBe(0)
    expect(await stolen.session()).toBeNull()
    expect(await phone.session()).not.toBeNull()
    const landing = await ada.visit(answer.location ?? '')
    expect(landing.status).toBe(200)
    expect(landing.html).not.toContain('http-equiv="refresh"')
  })

  test('the landing page says nothing of the kind to somebody who is signed in', async () => {
    await ada.signIn('guild', 'ada')
    expect(await ada.visit('/auth/signed-out?at=guild')).toMatchObject({ status: 303, location: '/auth/account' })
    await ada.post('/auth/sign-out')
    expect((await ada.visit('/auth/signed-out?at=guild')).status).toBe(200)
  })

  test('everywhere ends every device', async () => {
    await ada.signIn('guild', 'ada')
    const phone = house.browser()
    await phone.signIn('guild', 'ada')
    expect((await ada.post('/auth/sign-out/everywhere')).location).toBe('/auth/signed-out?everywhere=1&at=guild')
    expect(await phone.session()).toBeNull()
  })

  test('without a session succeeds, clears the cookie and changes nothing (seeds S24)', async () => {
    const answer = await ada.post('/auth/sign-out')
    expect(answer.status).toBe(303)
    expect(answer.headers.getSetCookie().some((line) => line.startsWith('__Host-postern=;'))).toBe(true)
  })

  test('by a link or another site does nothing', async () => {
    await ada.signIn('guild', 'ada')
    expect((await ada.visit('/auth/sign-out')).status).toBe(405)
    expect((await ada.post('/auth/sign-out', {}, 'https://evil.example')).status).toBe(403)
    expect(await ada.session()).not.toBeNull()
  })
})

describe('signing out by the game (seeds C6)', () => {
  test('lets whoever comes back within a minute choose again: nothing was lost', async () => {
    await ada.signIn('guild', 'ada')
    expect((await ada.post('/farewell')).status).toBe(200)
    expect(ada.jar.size).toBe(0)
    const chooser = await ada.visit('/auth/sign-in')
    expect(chooser.html).toContain('/auth/start/guild')
    expect((await ada.signIn('guild', 'ada')).location).toBe('/play/1')
  })

  test('ends a guest for good: the next one is somebody else', async () => {
    await ada.post('/auth/guest')
    const before = await ada.session()
    expect(before?.user.guest).toBe(true)
    await ada.post('/farewell')
    await ada.post('/auth/guest')
    const after = await ada.session()
    expect(after?.user.guest).toBe(true)
    expect(after?.user.id).not.toBe(before?.user.id)
  })
})

describe('signing out at the provider', () => {
  beforeEach(() => {
    house.ops.guild.metadata = { end_session_endpoint: `${house.ops.guild.url}/end` }
  })

  test('moves on to its end-session endpoint, with the ID token as the hint (RP-Initiated Logout 1.0)', async () => {
    await ada.signIn('guild', 'ada')
    await house.bench.settle()
    const answer = await ada.post('/auth/sign-out?provider=1')
    expect(answer.status).toBe(200)
    const onward = new URL((/content="0;url=([^"]*)"/.exec(answer.html)?.[1] ?? '').replaceAll('&amp;', '&'))
    expect(`${onward.origin}${onward.pathname}`).toBe(`${house.ops.guild.url}/end`)
    expect(onward.searchParams.get('id_token_hint')?.split('.')).toHaveLength(3)
    expect(onward.searchParams.get('post_logout_redirect_uri')).toBe('https://play.example.com/auth/signed-out')
    expect(await ada.session()).toBeNull()
  })

  test('tells a program where to go', async () => {
    await ada.signIn('guild', 'ada')
    await house.bench.settle()
    const answer = await ada.send('/auth/sign-out?provider=1', { method: 'POST', headers: { accept: '*/*' } })
    expect(JSON.parse(answer.html)).toMatchObject({
      signed_out: 1,
      provider_sign_out: expect.stringContaining('/end?'),
    })
  })

  test('is a plain sign-out where the provider has no such endpoint', async () => {
    await ada.signIn('tavern', 'ada')
    expect((await ada.post('/auth/sign-out?provider=1')).location).toBe('/auth/signed-out')
  })

  test('keeps the ID token in the store under seal only', async () => {
    await ada.signIn('guild', 'ada')
    await house.bench.settle()
    const sid = (await ada.session())?.sid ?? ''
    const kept = await readRecord(house.bench.gateway, 'provider-session', sid)
    expect(kept).not.toBeNull()
    expect(kept).not.toContain('eyJ')
  })
})
