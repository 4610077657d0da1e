import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { digest } from '../../../src/core/bytes.ts'
import { type Arcade, openArcade } from './support/arcade.ts'
import { codeFor, consentPage, decide, onward, query, REDIRECT, VERIFIER } from './support/deciding.ts'

let arcade: Arcade
beforeEach(async () => {
  arcade = await openArcade()
})
afterEach(() => arcade.close())

describe('a program beside the browser', () => {
  test('gets a code by the player’s button, with its state and our issuer, and a session for it', async () => {
    const ada = await arcade.signedIn()
    const page = await consentPage(ada)
    expect(page.status).toBe(200)
    expect(page.html).toContain('Lantern Launcher')
    expect(page.html).toContain('Only allow it if you started this yourself')
    expect(page.html).not.toContain(await digest(VERIFIER))
    const to = onward(await decide(ada, page, 'allow'))
    expect(`${to.origin}${to.pathname}`).toBe(REDIRECT)
    expect(to.searchParams.get('state')).toBe('s t&1')
    expect(to.searchParams.get('iss')).toBe('https://play.example.com/auth')
    const told = await arcade.redeem(to.searchParams.get('code') ?? '')
    expect(told.status).toBe(200)
    expect(told.headers.get('cache-control')).toBe('no-store')
    expect(told.body).toEqual({
      access_token: expect.stringMatching(/^pss_/),
      token_type: 'Bearer',
      expires_in: 604_800,
    })
    expect(await arcade.total()).toBe(2)
  })

  test('is answered without a state when it sent none', async () => {
    const ada = await arcade.signedIn()
    const to = onward(await decide(ada, await consentPage(ada, { state: null }), 'allow'))
    expect(to.searchParams.has('state')).toBe(false)
  })

  test.each([
    'http://[::1]:8080/',
    'http://[::1]:80/a/b',
    'http://127.0.0.1:80/',
    'http://127.0.0.1:65535/-._~',
    `http://127.0.0.1:49152/${'x'.repeat(256 - 23)}`,
  ])('may listen at %s', async (redirect_uri) => {
    const code = await codeFor(await arcade.signedIn(), { redirect_uri })
    expect((await arcade.redeem(code, { redirect_uri })).status).toBe(200)
  })

  test('hears that its player said no', async () => {
    const ada = await arcade.signedIn()
    const to = onward(await decide(ada, await consentPage(ada), 'refuse'))
    expect(Object.fromEntries(to.searchParams)).toEqual({
      error: 'access_denied',
      state: 's t&1',
      iss: 'https://play.example.com/auth',
    })
    expect(await arcade.total()).toBe(1)
  })

  test('waits while its player signs in', async () => {
    const ada = arcade.browser()
    const kept = await ada.visit(`/auth/authorize?${await query()}`)
    const away = await ada.visit(kept.location ?? '')
    expect(away.location).toMatch(/^\/auth\/sign-in\?to=authorize&request=[A-Za-z0-9_-]+$/)
    const chooser = await ada.visit(away.location ?? '')
    const start = /\/auth\/start\/guild\?[^"]*/.exec(chooser.html)?.[0].replaceAll('&amp;', '&') ?? ''
    const back = await ada.comeBack(ada.waitingAt('guild', await ada.visit(start)), 'ada')
    expect(back.location).toBe(kept.location)
    const to = onward(await decide(ada, await ada.visit(back.location ?? ''), 'allow'))
    expect((await arcade.redeem(to.searchParams.get('code') ?? '')).status).toBe(200)
  })

  test('whose player’s session ended over the page waits while they sign in', async () => {
    const ada = await arcade.signedIn()
    const page = await consentPage(ada)
    const cookies = ada.copy()
    await ada.post('/auth/sign-out')
    const answer = await decide(cookies, page, 'allow')
    expect(answer.location).toMatch(/^\/auth\/sign-in\?to=authorize&request=/)
  })

  test('always asks: an earlier yes allows nothing later (RFC 8252 section 8.6)', async () => {
    const ada = await arcade.signedIn()
    await codeFor(ada)
    expect((await consentPage(ada)).html).toContain('Let this program in?')
  })

  test('passes on when its player proved their presence', async () => {
    const ada = arcade.browser()
    const proven = arcade.bench.clock.now - 10
    await ada.signIn('guild', 'ada', undefined, { auth_time: proven })
    arcade.wait(1)
    await arcade.redeem(await codeFor(ada))
    const { store, gateway } = arcade.bench
    const [user] = (await store.directory.search('ada', { after: null, limit: 1 })).items
    if (user === undefined) throw new Error('no ada')
    const sessions = await store.sessions.list(user, gateway.runtime.now())
    expect(sessions.map(({ client, provenAt, provider }) => [client, provenAt, provider])).toEqual([
      ['unknown', proven, 'guild'],
      ['launcher', proven, 'guild'],
    ])
  })
})

describe('where a code may go', () => {
  test.each([
    'http://localhost:49152/callback',
    'https://127.0.0.1:49152/callback',
    'http://127.0.0.1/callback',
    'http://127.0.0.1:0/callback',
    'http://127.0.0.1:65536/callback',
    'http://127.0.0.1:080/callback',
    'http://127.0.0.1:49152',
    'http://127.0.0.1:49152/callback?code=1',
    'http://127.0.0.1:49152/callback?x=1&st%61te=1',
    'http://127.0.0.1:49152/callback?iss',
    'http://127.0.0.1:49152/callback?error=',
    'http://127.0.0.1:49152/callback?x=%',
    'http://127.0.0.1:49152/callback?x=%zz',
    'http://127.0.0.1:49152/callback?x="',
    "http://127.0.0.1:49152/callback?x='",
    'http://127.0.0.1:49152/callback?x=1?y=2',
    'http://127.0.0.1:49152/callback?x=1;code=2',
    'http://127.0.0.1:49152/callback?x=1#x',
    'http://127.0.0.1:49152/callback#x',
    'http://127.0.0.1:49152/../callback',
    'http://127.0.0.1:49152\\@evil.example/',
    'http://127.0.0.1:49152@evil.example/',
    'http://user@127.0.0.1:49152/callback',
    'http://127.0.0.1.evil.example:49152/callback',
    'http://127.0.0.2:49152/callback',
    'http://127.1:49152/callback',
    'http://2130706433:49152/callback',
    'http://[::ffff:127.0.0.1]:49152/callback',
    'http://[0:0:0:0:0:0:0:1]:49152/callback',
    'http://[::1]/callback',
    'HTTP://127.0.0.1:49152/callback',
    ' http://127.0.0.1:49152/callback',
    'http://127.0.0.1:49152/call back',
    'http://127.0.0.1:49152/"><script>',
    `http://127.0.0.1:49152/${'x'.repeat(257 - 23)}`,
    'lantern://callback',
    'lantern:http://127.0.0.1:49152/callback',
    'javascript://x/?http://127.0.0.1:49152/callback',
    'https://evil.example/callback',
    '',
  ])('is not %s', async (redirect_uri) => {
    const ada = await arcade.signedIn()
    const answer = await ada.visit(`/auth/authorize?${await query({ redirect_uri })}`)
    expect([answer.status, answer.location]).toEqual([400, null])
    expect(answer.html).not.toContain('http-equiv="refresh"')
  })

  test.each([
    ['http://127.0.0.1:49152/callback?for=game%20one&n=1', '&'],
    ['http://[::1]:49152/?', ''],
    ['http://127.0.0.1:49152/?a=b&', ''],
  ])('is %s, with what it has in its query (RFC 6749 section 3.1.2)', async (redirect_uri, joined) => {
    const ada = await arcade.signedIn()
    const done = await decide(ada, await consentPage(ada, { redirect_uri }), 'allow')
    const back = onward(done).href
    expect(back.startsWith(`${redirect_uri}${joined}code=`)).toBe(true)
    const code = new URL(back).searchParams.get('code') ?? ''
    const other = redirect_uri.replace('49152', '49153')
    expect(arcade.said(await arcade.redeem(code, { redirect_uri: other }))).toBe('400 invalid_grant')
    const again = await codeFor(ada, { redirect_uri })
    expect((await arcade.redeem(again, { redirect_uri })).status).toBe(200)
  })

  test.each([
    ['an unknown client', { client_id: 'nobody' }],
    ['no client', { client_id: null }],
    ['no redirect', { redirect_uri: null }],
  ])('is nowhere for %s', async (_, more) => {
    const answer = await (await arcade.signedIn()).visit(`/auth/authorize?${await query(more)}`)
    expect([answer.status, answer.location]).toEqual([400, null])
  })

  test.each(['client_id=launcher', 'redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2F'])(
    'is nowhere for %s twice',
    async (again) => {
      const answer = await (await arcade.signedIn()).visit(`/auth/authorize?${await query()}&${again}`)
      expect([answer.status, answer.location]).toEqual([400, null])
    },
  )

  test.each([
    ['another response type', { response_type: 'token' }, 'unsupported_response_type'],
    ['no response type', { response_type: null }, 'invalid_request'],
    ['no challenge', { code_challenge: null }, 'invalid_request'],
    ['a plain challenge', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['a challenge of unsaid kind', { code_challenge_method: null }, 'invalid_request'],
    ['a challenge that is no digest', { code_challenge: 'abc' }, 'invalid_request'],
    ['a challenge that is shorter than one', { code_challenge: 'x'.repeat(42) }, 'invalid_request'],
    ['a challenge that is longer than one', { code_challenge: 'x'.repeat(44) }, 'invalid_request'],
    ['a challenge with more behind it', { code_challenge: `${'x'.repeat(43)}.` }, 'invalid_request'],
    ['a challenge with more before it', { code_challenge: `.${'x'.repeat(43)}` }, 'invalid_request'],
    ['a client of the other flow', { client_id: 'lantern-tv' }, 'unauthorized_client'],
    ['another response mode', { response_mode: 'form_post' }, 'invalid_request'],
  ])('hears what is wrong: %s', async (_, more, error) => {
    const answer = await (await arcade.signedIn()).visit(`/auth/authorize?${await query(more)}`)
    expect(answer.status).toBe(302)
    const to = new URL(answer.location ?? '')
    expect(`${to.origin}${to.pathname}`).toBe(REDIRECT)
    expect(to.searchParams.get('error')).toBe(error)
    expect(to.searchParams.get('state')).toBe('s t&1')
    expect(to.searchParams.get('iss')).toBe('https://play.example.com/auth')
    expect(to.searchParams.has('code')).toBe(false)
  })

  test('hears of a state that is too long, or sent twice, without it', async () => {
    const ada = await arcade.signedIn()
    for (const bad of [await query({ state: 'x'.repeat(1025) }), `${await query()}&state=2`]) {
      const to = new URL((await ada.visit(`/auth/authorize?${bad}`)).location ?? '')
      expect([to.searchParams.get('error'), to.searchParams.has('state')]).toEqual(['invalid_request', false])
    }
  })
})
