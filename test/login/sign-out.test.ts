import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readRecord } from '../../src/session/side-record.ts'
import type { Browser, Seen } from './support/browser.ts'
import { type House, openHouse } from './support/house.ts'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

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

describe('back-channel logout', () => {
  let count = 0

  function order(claims: Readonly<Record<string, unknown>>): Promise<string> {
    const now = house.bench.clock.now
    const { guild } = house.ops
    const standard = {
      iss: guild.url,
      aud: 'client',
      iat: now,
      exp: now + 120,
      jti: `order-${++count}`,
      events: { [EVENT]: {} },
    }
    return guild.sign({ ...standard, ...claims }, { typ: 'logout+jwt' })
  }

  function send(token: string): Promise<Seen> {
    const body = new URLSearchParams({ logout_token: token }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': `${body.length}` }
    return house.browser().send('/auth/backchannel/guild', { method: 'POST', headers, body })
  }

  test('with sid ends the sessions of that session of the provider, and no other', async () => {
    await ada.signIn('guild', 'ada', undefined, { sid: 'op-1' })
    const phone = house.browser()
    await phone.signIn('guild', 'ada', undefined, { sid: 'op-2' })
    await house.bench.settle()
    expect((await send(await order({ sid: 'op-1' }))).status).toBe(200)
    expect(await ada.session()).toBeNull()
    expect(await phone.session()).not.toBeNull()
  })

  test('with sub ends what the person began there before, and nothing begun elsewhere or later', async () => {
    await ada.signIn('guild', 'ada')
    const token = await order({ sub: 'ada' })
    house.wait(100)
    const later = house.browser()
    await later.signIn('guild', 'ada')
    const eve = house.browser()
    await eve.signIn('guild', 'eve')
    expect((await send(token)).status).toBe(200)
    expect(await ada.session()).toBeNull()
    expect(await later.session()).not.toBeNull()
    expect(await eve.session()).not.toBeNull()
  })

  test('is obeyed once: the same order again is refused (section 2.6 rule 8)', async () => {
    await ada.signIn('guild', 'ada')
    const token = await order({ sub: 'ada' })
    expect((await send(token)).status).toBe(200)
    await ada.signIn('guild', 'ada')
    const again = await send(token)
    expect(again.status).toBe(400)
    expect(JSON.parse(again.html)).toMatchObject({ error: 'invalid_request' })
    expect(await ada.session()).not.toBeNull()
  })

  test('a session that moved to another one of the provider stays', async () => {
    await ada.signIn('guild', 'ada', undefined, { sid: 'op-1' })
    await house.bench.settle()
    await ada.signIn('guild', 'ada', undefined, { sid: 'op-2' })
    await house.bench.settle()
    await send(await order({ sid: 'op-1' }))
    expect(await ada.session()).not.toBeNull()
    await send(await order({ sid: 'op-2' }))
    expect(await ada.session()).toBeNull()
  })

  test('is not taken from whoever cannot sign it, or from an ID token', async () => {
    await ada.signIn('guild', 'ada')
    const now = house.bench.clock.now
    const idToken = await house.ops.guild.sign({ ...house.ops.guild.honestClaims(), iat: now, exp: now + 60, jti: 'a' })
    const foreign = await house.ops.tavern.sign({
      iss: house.ops.guild.url,
      aud: 'client',
      sub: 'ada',
      iat: now,
      exp: now + 60,
      jti: 'b',
      events: { [EVENT]: {} },
    })
    for (const token of [idToken, foreign, 'x.y.z', '']) expect((await send(token)).status).toBe(400)
    expect(await ada.session()).not.toBeNull()
  })
})
