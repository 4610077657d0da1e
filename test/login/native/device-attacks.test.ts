import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Seen } from '../support/browser.ts'
import { type Arcade, DEVICE_GRANT, openArcade } from './support/arcade.ts'
import { allowed, codeFor, decide, pathOf } from './support/deciding.ts'

let arcade: Arcade
beforeEach(async () => {
  arcade = await openArcade()
})
afterEach(() => arcade.close())

describe('an attack on a device and its player', () => {
  test('a link with the code approves nothing by itself (RFC 8628 section 5.4)', async () => {
    const device = await arcade.device()
    const ada = await arcade.signedIn()
    await ada.visit(pathOf(device.verification_uri_complete))
    await ada.visit(`${pathOf(device.verification_uri_complete)}&decision=allow`, 'cross-site')
    await ada.post(`/auth/device?user_code=${device.user_code}&decision=allow`, {})
    await ada.post('/auth/device?decision=allow', { user_code: device.user_code })
    expect(arcade.said(await arcade.poll(device))).toBe('400 authorization_pending')
  })

  test('what is no code goes along to no sign-in and to no page after it', async () => {
    const away = await arcade.browser().visit('/auth/device?user_code=%22%3E%3Cscript%3E')
    expect(away.location).toBe('/auth/sign-in?to=device')
    const back = await arcade.browser().signIn('guild', 'ada', 'to=device&user_code=a%26decision%3Dallow')
    expect(back.location).toBe('/auth/device')
  })

  test('a form of another site approves nothing', async () => {
    const device = await arcade.device()
    const ada = await arcade.signedIn()
    const fields = { user_code: device.user_code, decision: 'allow' }
    const answer = await ada.post('/auth/device', fields, 'https://evil.example')
    expect(answer.status).toBe(403)
    expect(arcade.said(await arcade.poll(device))).toBe('400 authorization_pending')
  })

  test('a frame shows no decision, not even where our pages may be framed', async () => {
    await arcade.close()
    arcade = await openArcade({ embed: { hosts: ['play.example.com'], ancestors: ['https://discord.com'] } })
    const device = await arcade.device()
    const ada = await arcade.signedIn()
    const page = await ada.visit(pathOf(device.verification_uri_complete))
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    ada.headers = { 'sec-fetch-dest': 'iframe' }
    const framed = await ada.send('/auth/device', {
      method: 'POST',
      body: `user_code=${device.user_code}&decision=allow`,
      headers: {
        accept: 'text/html',
        origin: 'https://play.example.com',
        'sec-fetch-site': 'same-origin',
        'sec-fetch-mode': 'navigate',
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(`user_code=${device.user_code}&decision=allow`.length),
      },
    })
    expect(framed.status).toBe(403)
    expect(arcade.said(await arcade.poll(device))).toBe('400 authorization_pending')
  })

  test('a credential that is no cookie approves nothing: a device lets no other device in', async () => {
    const device = await arcade.device()
    const ada = await arcade.signedIn()
    await allowed(device, ada)
    const { access_token } = (await arcade.poll(device)).body
    const second = await arcade.device()
    const fields = { user_code: second.user_code, decision: 'allow' }
    const told = await arcade.tell('/auth/device', fields, { authorization: `Bearer ${access_token}` })
    expect(told.status).toBeGreaterThanOrEqual(400)
    expect(arcade.said(await arcade.poll(second))).toBe('400 authorization_pending')
  })

  test('the token of a device is nobody in a cookie, changes no way to sign in, and makes no token', async () => {
    const device = await arcade.device()
    await allowed(device, await arcade.signedIn())
    const { access_token } = (await arcade.poll(device)).body
    const bearer = { authorization: `Bearer ${access_token}` }
    expect((await arcade.tell('/auth/unlink', { provider: 'guild' }, bearer)).status).toBe(401)
    const json = { ...bearer, 'content-type': 'application/json' }
    const body = JSON.stringify({ name: 'mine' })
    const token = await arcade.bench.request('/auth/account/tokens', { method: 'POST', headers: json, body })
    expect([token.status, (await token.json()).code]).toEqual([401, 'session_required'])
    const cookie = `__Host-postern=${String(access_token).slice('pss_'.length)}`
    const seen = await arcade.bench.request('/auth/account/sessions', { headers: { cookie } })
    expect(seen.status).toBe(401)
    const own = await arcade.bench.request('/auth/account/sessions', { headers: bearer })
    expect(own.status).toBe(200)
    // Nor where memory knows whose it is.
    expect((await arcade.bench.request('/hall', { headers: bearer })).status).toBe(200)
    expect((await arcade.bench.request('/hall', { headers: { cookie } })).status).toBe(401)
  })

  test('a script of a page decides nothing', async () => {
    const device = await arcade.device()
    const ada = await arcade.signedIn()
    ada.headers = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }
    const fields = `user_code=${device.user_code}&decision=allow`
    const told = await ada.send('/auth/device', {
      method: 'POST',
      body: fields,
      headers: {
        accept: '*/*',
        origin: 'https://play.example.com',
        'sec-fetch-site': 'same-origin',
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(fields.length),
      },
    })
    expect(told.status).toBe(400)
    expect(arcade.said(await arcade.poll(device))).toBe('400 authorization_pending')
  })

  test('a sign-out everywhere in the very moment of the handing out leaves no session', async () => {
    const device = await arcade.device()
    const ada = await arcade.signedIn()
    await allowed(device, ada)
    const { sessions } = arcade.bench.gateway.store
    const create = sessions.create.bind(sessions)
    const meanwhile = vi.spyOn(sessions, 'create').mockImplementationOnce(async (...made) => {
      await ada.post('/auth/sign-out/everywhere')
      return create(...made)
    })
    expect(arcade.said(await arcade.poll(device))).toBe('400 access_denied')
    expect([meanwhile.mock.calls.length, await arcade.sessionsOf('ada')]).toEqual([1, 0])
  })

  test('a browser that says in a header to be a client is shown as the browser it is', async () => {
    const eve = arcade.browser()
    eve.headers = { 'x-client-type': 'lantern-tv' }
    await eve.signIn('guild', 'ada')
    expect((await eve.visit('/auth/account')).html).not.toContain('Lantern for TV')
  })

  test('a code is decided about once', async () => {
    const device = await arcade.device()
    const [ada, eve] = [await arcade.signedIn('ada'), await arcade.signedIn('eve')]
    const pages = await Promise.all([ada, eve].map((who) => who.visit(pathOf(device.verification_uri_complete))))
    const done = await Promise.all(
      [ada, eve].map((who, index) => decide(who, pages[index] as Seen, index === 0 ? 'allow' : 'refuse')),
    )
    expect(done.map(({ status }) => status).sort()).toEqual([200, 400])
  })

  test('of many polls at once one gets the session', async () => {
    const device = await arcade.device()
    await allowed(device, await arcade.signedIn())
    const told = await Promise.all(Array.from({ length: 8 }, () => arcade.poll(device)))
    expect(told.filter(({ status }) => status === 200).length).toBe(1)
    expect(await arcade.sessionsOf('ada')).toBe(2)
  })

  test('guessing codes ends after a few tries, for the person and for the network', async () => {
    const eve = await arcade.signedIn('eve')
    const seen: number[] = []
    for (let i = 0; i < 25; i++) seen.push((await eve.post('/auth/device', { user_code: 'BBBBBBBB' })).status)
    expect(seen.filter((status) => status === 400).length).toBe(20)
    expect(seen.at(-1)).toBe(429)
    const device = await arcade.device()
    expect((await eve.post('/auth/device', { user_code: device.user_code, decision: 'allow' })).status).toBe(429)
    for (let i = 0; i < 9; i++) {
      const other = await arcade.signedIn(`eve${i}`)
      for (let n = 0; n < 20; n++) seen.push((await other.post('/auth/device', { user_code: 'BBBBBBBB' })).status)
    }
    expect((await (await arcade.signedIn('ada')).visit('/auth/device?user_code=BBBBBBBB')).status).toBe(429)
    arcade.wait(600)
    expect((await eve.post('/auth/device', { user_code: 'BBBBBBBB' })).status).toBe(400)
  })

  test('a code of another client, or an invented one, is worth nothing', async () => {
    const device = await arcade.device()
    await allowed(device, await arcade.signedIn())
    expect(arcade.said(await arcade.poll(device, 'script'))).toBe('400 invalid_grant')
    const before = arcade.bench.calls.length
    const invented = { ...device, device_code: `${'A'.repeat(43)}` }
    expect(arcade.said(await arcade.poll(invented))).toBe('400 invalid_grant')
    expect(arcade.bench.calls.length).toBe(before)
    expect((await arcade.poll(device)).status).toBe(200)
  })

  test.each([
    ['no client', '', '400 invalid_request'],
    ['an unknown client', 'client_id=nobody', '401 invalid_client'],
    ['a client of the other flow', 'client_id=launcher', '400 unauthorized_client'],
    ['a client twice', 'client_id=lantern-tv&client_id=script', '400 invalid_request'],
    ['a secret', 'client_id=lantern-tv&client_secret=x', '401 invalid_client'],
  ])('a device that sends %s gets no code', async (_, form, error) => {
    expect(arcade.said(await arcade.tell('/auth/device/code', form))).toBe(error)
  })

  test.each([
    ['no grant', 'client_id=lantern-tv', '400 invalid_request'],
    ['an unknown grant', 'client_id=lantern-tv&grant_type=password', '400 unsupported_grant_type'],
    ['no code', `client_id=lantern-tv&grant_type=${DEVICE_GRANT}`, '400 invalid_request'],
    ['no client', `grant_type=${DEVICE_GRANT}&device_code=x`, '400 invalid_request'],
    ['an unknown client', `client_id=nobody&grant_type=${DEVICE_GRANT}&device_code=x`, '401 invalid_client'],
    [
      'a client of the other flow',
      `client_id=launcher&grant_type=${DEVICE_GRANT}&device_code=x`,
      '400 unauthorized_client',
    ],
  ])('a request for a token with %s is refused', async (_, form, error) => {
    expect(arcade.said(await arcade.tell('/auth/token', form))).toBe(error)
  })

  test('a client that sends Authorization is told that there are no secrets', async () => {
    const told = await arcade.tell('/auth/device/code', {}, { authorization: `Basic ${btoa('lantern-tv:')}` })
    expect(arcade.said(told)).toBe('401 invalid_client')
    expect(told.headers.get('www-authenticate')).toMatch(/^Basic /)
  })

  test('asking for tokens has a limit for each network, whatever is asked with; honest devices only wait', async () => {
    await arcade.close()
    arcade = await openArcade({ limits: { startsPerMinute: 2, callbacksPerMinute: 1000 } })
    const device = await arcade.device()
    const ada = await arcade.signedIn()
    const code = await codeFor(ada, { client_id: 'script' })
    const spent = { ...device, client_id: 'script' }
    for (let n = 0; n < 40; n++) expect(arcade.said(await arcade.poll(spent, 'script'))).toBe('400 invalid_grant')
    const told = await arcade.poll(device)
    expect(arcade.said(told)).toBe('400 slow_down')
    expect(Number(told.headers.get('retry-after'))).toBeGreaterThan(0)
    const before = arcade.bench.calls.length
    expect(arcade.said(await arcade.redeem(code, { client_id: 'script' }))).toBe('429 temporarily_unavailable')
    expect(arcade.bench.calls.slice(before)).toEqual(['rates.hit'])
    await allowed(device, ada)
    arcade.wait(60)
    expect((await arcade.poll(device)).status).toBe(200)
    expect(arcade.said(await arcade.redeem(code, { client_id: 'script' }))).toBe('400 invalid_grant')
  })

  test('asking for codes has a limit for each network', async () => {
    await arcade.close()
    arcade = await openArcade({ limits: { startsPerMinute: 2 } })
    await arcade.device()
    await arcade.device()
    const told = await arcade.tell('/auth/device/code', { client_id: 'lantern-tv' })
    expect(told.status).toBe(429)
    expect(Number(told.headers.get('retry-after'))).toBeGreaterThan(0)
  })
})

test('nothing of it exists where no native client is named', async () => {
  await arcade.close()
  arcade = await openArcade({ nativeClients: [] })
  for (const path of ['/auth/device/code', '/auth/token']) {
    const told = await arcade.tell(path, { client_id: 'lantern-tv' })
    expect([told.status, told.body['code']]).toEqual([404, 'not_found'])
  }
  expect((await (await arcade.signedIn()).visit('/auth/device')).status).toBe(404)
})

test('only POST asks for codes and tokens', async () => {
  for (const path of ['/auth/device/code', '/auth/token']) {
    const answer = await arcade.browser().send(path)
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
  }
})

test('a silent store is an outage and no answer', async () => {
  const device = await arcade.device()
  const { StoreUnavailable } = await import('../../../src/ports/store.ts')
  const { logins, rates } = arcade.bench.store
  const silent = () => Promise.reject(new StoreUnavailable('logins.peek', 'silent'))
  Object.assign(logins, { peek: silent, begin: silent, claim: silent, take: silent })
  Object.assign(rates, { hit: silent })
  const told = [await arcade.poll(device), await arcade.tell('/auth/device/code', { client_id: 'lantern-tv' })]
  for (const { status, headers, body } of told) {
    expect([status, headers.get('content-type'), headers.get('retry-after')]).toEqual([503, 'application/json', '2'])
    expect(body).toMatchObject({ error: 'temporarily_unavailable', error_description: expect.any(String) })
    expect(body).toMatchObject({ code: 'store_unavailable', status: 503, request_id: expect.any(String) })
  }
})
