import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { base64url, digest } from '../../../src/core/bytes.ts'
import { formsOf } from '../../support/forms.ts'
import type { Browser, Seen } from '../support/browser.ts'
import { type Arcade, openArcade, type Told } from './support/arcade.ts'

let arcade: Arcade
beforeEach(async () => {
  arcade = await openArcade()
})
afterEach(() => arcade.close())

const VERIFIER = base64url(new Uint8Array(32).fill(7))
const REDIRECT = 'http://127.0.0.1:49152/callback'

async function query(more: Readonly<Record<string, string | null>> = {}): Promise<string> {
  const all = {
    response_type: 'code',
    client_id: 'launcher',
    redirect_uri: REDIRECT,
    code_challenge: await digest(VERIFIER),
    code_challenge_method: 'S256',
    state: 's t&1',
    ...more,
  }
  const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null)
  return new URLSearchParams(given).toString()
}

async function signedIn(person = 'ada'): Promise<Browser> {
  const browser = arcade.browser()
  await browser.signIn('guild', person)
  return browser
}

/** The page where a player decides. */
async function consentPage(browser: Browser, more: Readonly<Record<string, string | null>> = {}): Promise<Seen> {
  const away = await browser.visit(`/auth/authorize?${await query(more)}`)
  if (away.status !== 302) throw new Error(`no request: ${away.status} ${away.location} ${away.html.slice(0, 400)}`)
  return browser.visit(away.location ?? '')
}

function decide(browser: Browser, page: Seen, decision: string, origin?: string): Promise<Seen> {
  const form = formsOf(page.html).find(({ fields }) => fields.has('decision'))
  if (form === undefined) throw new Error(`nothing to decide on a page of ${page.status}`)
  return browser.post(form.action, { ...Object.fromEntries(form.fields), decision }, origin)
}

/** Where a page moves on to by itself. */
function onward(page: Seen): URL {
  const url = /http-equiv="refresh" content="0;url=([^"]*)"/.exec(page.html)?.[1]?.replaceAll('&amp;', '&')
  if (url === undefined) throw new Error(`a page of ${page.status} that stays`)
  return new URL(url)
}

async function codeFor(browser: Browser, more: Readonly<Record<string, string | null>> = {}): Promise<string> {
  return onward(await decide(browser, await consentPage(browser, more), 'allow')).searchParams.get('code') ?? ''
}

function redeem(code: string, more: Readonly<Record<string, string>> = {}): Promise<Told> {
  return arcade.tell('/auth/token', {
    grant_type: 'authorization_code',
    client_id: 'launcher',
    redirect_uri: REDIRECT,
    code_verifier: VERIFIER,
    code,
    ...more,
  })
}

async function total(): Promise<number> {
  const { store, gateway } = arcade.bench
  return (await store.sessions.count(gateway.runtime.now(), 0)).total
}

describe('a program beside the browser', () => {
  test('gets a code by the player’s button, with its state and our issuer, and a session for it', async () => {
    const ada = await signedIn()
    const page = await consentPage(ada)
    expect(page.status).toBe(200)
    expect(page.html).toContain('Lantern Launcher')
    expect(page.html).toContain('Only allow it if you started this yourself')
    expect(page.html).not.toContain(await digest(VERIFIER))
    const to = onward(await decide(ada, page, 'allow'))
    expect(`${to.origin}${to.pathname}`).toBe(REDIRECT)
    expect(to.searchParams.get('state')).toBe('s t&1')
    expect(to.searchParams.get('iss')).toBe('https://play.example.com/auth')
    const told = await redeem(to.searchParams.get('code') ?? '')
    expect(told.status).toBe(200)
    expect(told.headers.get('cache-control')).toBe('no-store')
    expect(told.body).toEqual({
      access_token: expect.stringMatching(/^pss_/),
      token_type: 'Bearer',
      expires_in: 604_800,
    })
    expect(await total()).toBe(2)
  })

  test('is answered without a state when it sent none', async () => {
    const ada = await signedIn()
    const to = onward(await decide(ada, await consentPage(ada, { state: null }), 'allow'))
    expect(to.searchParams.has('state')).toBe(false)
  })

  test.each(['http://[::1]:8080/', 'http://[::1]:80/a/b', 'http://127.0.0.1:80/', 'http://127.0.0.1:65535/-._~'])(
    'may listen at %s',
    async (redirect_uri) => {
      const code = await codeFor(await signedIn(), { redirect_uri })
      expect((await redeem(code, { redirect_uri })).status).toBe(200)
    },
  )

  test('hears that its player said no', async () => {
    const ada = await signedIn()
    const to = onward(await decide(ada, await consentPage(ada), 'refuse'))
    expect(Object.fromEntries(to.searchParams)).toEqual({
      error: 'access_denied',
      state: 's t&1',
      iss: 'https://play.example.com/auth',
    })
    expect(await total()).toBe(1)
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
    expect((await redeem(to.searchParams.get('code') ?? '')).status).toBe(200)
  })

  test('whose player’s session ended over the page waits while they sign in', async () => {
    const ada = await signedIn()
    const page = await consentPage(ada)
    const cookies = ada.copy()
    await ada.post('/auth/sign-out')
    const answer = await decide(cookies, page, 'allow')
    expect(answer.location).toMatch(/^\/auth\/sign-in\?to=authorize&request=/)
  })

  test('always asks: an earlier yes allows nothing later (RFC 8252 section 8.6)', async () => {
    const ada = await signedIn()
    await codeFor(ada)
    expect((await consentPage(ada)).html).toContain('Let this program in?')
  })

  test('passes on when its player proved their presence', async () => {
    const ada = arcade.browser()
    const proven = arcade.bench.clock.now - 10
    await ada.signIn('guild', 'ada', undefined, { auth_time: proven })
    arcade.wait(1)
    await redeem(await codeFor(ada))
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
    'http://127.0.0.1:49152/callback?x=1',
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
    `http://127.0.0.1:49152/${'x'.repeat(300)}`,
    'lantern://callback',
    'https://evil.example/callback',
    '',
  ])('is not %s', async (redirect_uri) => {
    const ada = await signedIn()
    const answer = await ada.visit(`/auth/authorize?${await query({ redirect_uri })}`)
    expect([answer.status, answer.location]).toEqual([400, null])
    expect(answer.html).not.toContain('http-equiv="refresh"')
  })

  test.each([
    ['an unknown client', { client_id: 'nobody' }],
    ['no client', { client_id: null }],
    ['no redirect', { redirect_uri: null }],
  ])('is nowhere for %s', async (_, more) => {
    const answer = await (await signedIn()).visit(`/auth/authorize?${await query(more)}`)
    expect([answer.status, answer.location]).toEqual([400, null])
  })

  test.each(['client_id=launcher', 'redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2F'])(
    'is nowhere for %s twice',
    async (again) => {
      const answer = await (await signedIn()).visit(`/auth/authorize?${await query()}&${again}`)
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
    ['a client of the other flow', { client_id: 'lantern-tv' }, 'unauthorized_client'],
    ['another response mode', { response_mode: 'form_post' }, 'invalid_request'],
  ])('hears what is wrong: %s', async (_, more, error) => {
    const answer = await (await signedIn()).visit(`/auth/authorize?${await query(more)}`)
    expect(answer.status).toBe(302)
    const to = new URL(answer.location ?? '')
    expect(`${to.origin}${to.pathname}`).toBe(REDIRECT)
    expect(to.searchParams.get('error')).toBe(error)
    expect(to.searchParams.get('state')).toBe('s t&1')
    expect(to.searchParams.get('iss')).toBe('https://play.example.com/auth')
    expect(to.searchParams.has('code')).toBe(false)
  })

  test('hears of a state that is too long, or sent twice, without it', async () => {
    const ada = await signedIn()
    for (const bad of [await query({ state: 'x'.repeat(1025) }), `${await query()}&state=2`]) {
      const to = new URL((await ada.visit(`/auth/authorize?${bad}`)).location ?? '')
      expect([to.searchParams.get('error'), to.searchParams.has('state')]).toEqual(['invalid_request', false])
    }
  })
})

describe('a code', () => {
  test('is worth one session, and coming again it ends that session (RFC 6749 section 4.1.2)', async () => {
    const code = await codeFor(await signedIn())
    expect((await redeem(code)).status).toBe(200)
    expect(await total()).toBe(2)
    expect(arcade.said(await redeem(code))).toBe('400 invalid_grant')
    expect(await total()).toBe(1)
  })

  test('that comes twice at once leaves no session', async () => {
    const code = await codeFor(await signedIn())
    const told = await Promise.all([redeem(code), redeem(code), redeem(code)])
    expect(told.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
    expect(await total()).toBe(1)
  })

  test('is worth nothing after a minute', async () => {
    const code = await codeFor(await signedIn())
    arcade.wait(60)
    expect(arcade.said(await redeem(code))).toBe('400 invalid_grant')
  })

  test.each([
    ['another client', { client_id: 'script' }],
    ['another port', { redirect_uri: 'http://127.0.0.1:49153/callback' }],
    ['another path', { redirect_uri: 'http://127.0.0.1:49152/other' }],
    ['another verifier', { code_verifier: base64url(new Uint8Array(32).fill(8)) }],
    ['the challenge itself', { code_verifier: 'challenge' }],
  ])('is spent and worth nothing with %s', async (_, more) => {
    const code = await codeFor(await signedIn())
    const wrong =
      'code_verifier' in more && more.code_verifier === 'challenge' ? { code_verifier: await digest(VERIFIER) } : more
    expect(arcade.said(await redeem(code, wrong))).toBe('400 invalid_grant')
    expect(arcade.said(await redeem(code))).toBe('400 invalid_grant')
    expect(await total()).toBe(1)
  })

  test.each(['code', 'redirect_uri', 'code_verifier'])('is asked for with %s', async (name) => {
    const code = await codeFor(await signedIn())
    expect(arcade.said(await redeem(code, { [name]: '' }))).toBe('400 invalid_request')
    expect((await redeem(code)).status).toBe(200)
  })

  test('that was invented costs no store call', async () => {
    const before = arcade.bench.calls.length
    expect(arcade.said(await redeem('A'.repeat(43)))).toBe('400 invalid_grant')
    expect(arcade.bench.calls.length).toBe(before)
  })

  test('of a device is none for this, nor the other way round', async () => {
    const device = await arcade.device('script')
    const code = await codeFor(await signedIn(), { client_id: 'script' })
    const before = arcade.bench.calls.length
    expect(arcade.said(await redeem(device.device_code, { client_id: 'script' }))).toBe('400 invalid_grant')
    expect(arcade.said(await arcade.poll({ ...device, device_code: code }, 'script'))).toBe('400 invalid_grant')
    expect(arcade.bench.calls.length).toBe(before)
  })

  test('is worth nothing once its player signed out', async () => {
    const ada = await signedIn()
    const code = await codeFor(ada)
    await ada.post('/auth/sign-out')
    expect(arcade.said(await redeem(code))).toBe('400 invalid_grant')
  })

  test('is written down nowhere', async () => {
    const code = await codeFor(await signedIn())
    await redeem(code)
    const filter = { from: null, to: null, subject: null, event: null }
    const { items } = await arcade.bench.store.audit.read(filter, { after: null, limit: 50 })
    expect(items.at(-1)?.detail).toMatchObject({ client: 'launcher', provider: 'guild' })
    expect(JSON.stringify([items, arcade.bench.observed])).not.toContain(code)
  })
})

describe('an attack', () => {
  test('looking allows nothing', async () => {
    const ada = await signedIn()
    const kept = await ada.visit(`/auth/authorize?${await query()}`)
    const answer = await ada.visit(`${kept.location}&decision=allow`, 'cross-site')
    expect(answer.html).not.toContain('code=')
    expect((await ada.post(`${kept.location}&decision=allow`, {})).status).toBe(400)
  })

  test('a form of another site allows nothing', async () => {
    const ada = await signedIn()
    const answer = await decide(ada, await consentPage(ada), 'allow', 'https://evil.example')
    expect(answer.status).toBe(403)
    expect(answer.html).not.toContain('code=')
  })

  test('a page of it stands in no frame, not even where our pages may', async () => {
    await arcade.close()
    arcade = await openArcade({ embed: { hosts: ['play.example.com'], ancestors: ['https://discord.com'] } })
    const page = await consentPage(await signedIn())
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
  })

  test('a decision is taken once', async () => {
    const ada = await signedIn()
    const page = await consentPage(ada)
    await decide(ada, page, 'allow')
    expect((await decide(ada, page, 'allow')).status).toBe(400)
  })

  test('neither answer is none', async () => {
    const ada = await signedIn()
    const page = await consentPage(ada)
    expect((await decide(ada, page, 'maybe')).status).toBe(400)
    expect(onward(await decide(ada, page, 'allow')).searchParams.has('code')).toBe(true)
  })

  test('a background request asks for nothing', async () => {
    const answer = await arcade.browser().send(`/auth/authorize?${await query()}`, { headers: { accept: '*/*' } })
    expect(JSON.parse(answer.html)).toMatchObject({ code: 'not_navigation' })
  })

  test('a bearer lets no program in', async () => {
    const ada = await signedIn()
    const { access_token } = (await redeem(await codeFor(ada))).body
    const kept = await ada.visit(`/auth/authorize?${await query()}`)
    const fields = { request: (kept.location ?? '').split('request=')[1] ?? '', decision: 'allow' }
    const told = await arcade.tell('/auth/authorize', fields, { authorization: `Bearer ${access_token}` })
    expect(told.status).toBe(401)
  })

  test('requests have the limit of sign-ins', async () => {
    await arcade.close()
    arcade = await openArcade({ limits: { startsPerMinute: 1 } })
    const eve = arcade.browser()
    await eve.visit(`/auth/authorize?${await query()}`)
    expect((await eve.visit(`/auth/authorize?${await query()}`)).status).toBe(429)
  })
})

test('nothing of it exists where no native client is named', async () => {
  await arcade.close()
  arcade = await openArcade({ nativeClients: [] })
  const ada = await signedIn()
  expect((await ada.visit(`/auth/authorize?${await query()}`)).status).toBe(404)
  expect((await ada.post('/auth/authorize', { decision: 'allow' })).status).toBe(404)
})

test('a silent store is an outage and no answer', async () => {
  const code = await codeFor(await signedIn())
  const { StoreUnavailable } = await import('../../../src/ports/store.ts')
  const silent = () => Promise.reject(new StoreUnavailable('logins.take', 'silent'))
  Object.assign(arcade.bench.store.logins, { peek: silent, begin: silent, claim: silent, take: silent })
  expect((await redeem(code)).status).toBe(503)
  expect((await arcade.browser().visit(`/auth/authorize?${await query()}`)).status).toBe(503)
})
