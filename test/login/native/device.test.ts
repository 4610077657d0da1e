import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { formsOf } from '../../support/forms.ts'
import type { Browser, Seen } from '../support/browser.ts'
import { type Arcade, DEVICE_GRANT, openArcade, type WaitingDevice } from './support/arcade.ts'

let arcade: Arcade
beforeEach(async () => {
  arcade = await openArcade()
})
afterEach(() => arcade.close())

const pathOf = (url: string) => url.replace('https://play.example.com', '')

async function signedIn(person = 'ada'): Promise<Browser> {
  const browser = arcade.browser()
  await browser.signIn('guild', person)
  return browser
}

/** The button of the page that shows a code. */
function decide(browser: Browser, page: Seen, decision: 'allow' | 'refuse'): Promise<Seen> {
  const form = formsOf(page.html).find(({ fields }) => fields.has('decision'))
  if (form === undefined) throw new Error(`nothing to decide on a page of ${page.status}`)
  return browser.post(form.action, { ...Object.fromEntries(form.fields), decision })
}

async function allowed(device: WaitingDevice, browser: Browser): Promise<void> {
  const done = await decide(browser, await browser.visit(pathOf(device.verification_uri_complete)), 'allow')
  expect(done.html).toContain('Your device is connected')
}

async function liveSids(person: string): Promise<number> {
  const { store, gateway } = arcade.bench
  const { items } = await store.directory.search(person, { after: null, limit: 10 })
  const [user] = items
  return user === undefined ? 0 : (await store.sessions.list(user, gateway.runtime.now())).length
}

describe('a device', () => {
  test('is given two codes and told where and how often (RFC 8628 section 3.2)', async () => {
    const told = await arcade.tell('/auth/device/code', { client_id: 'lantern-tv' })
    expect(told.status).toBe(200)
    expect(told.headers.get('cache-control')).toBe('no-store')
    expect(told.body).toMatchObject({
      verification_uri: 'https://play.example.com/auth/device',
      expires_in: 600,
      interval: 5,
    })
    expect(told.body['user_code']).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
    expect(told.body['verification_uri_complete']).toBe(
      `https://play.example.com/auth/device?user_code=${told.body['user_code']}`,
    )
    expect(String(told.body['device_code']).length).toBeGreaterThanOrEqual(43)
  })

  test('waits, is allowed by whoever is signed in, and gets a session of its own', async () => {
    const device = await arcade.device()
    expect(arcade.said(await arcade.poll(device))).toBe('400 authorization_pending')
    const ada = await signedIn()
    const page = await ada.visit(pathOf(device.verification_uri_complete))
    expect(page.html).toContain('Lantern for TV')
    expect(page.html).toContain(device.user_code)
    expect(page.html).toContain('198.51.100.0')
    expect(page.html).toContain('Only allow it if you started this yourself')
    await decide(ada, page, 'allow')
    arcade.wait(5)
    const told = await arcade.poll(device)
    expect(told.status).toBe(200)
    expect(told.headers.get('cache-control')).toBe('no-store')
    expect(told.headers.get('set-cookie')).toBeNull()
    expect(told.body).toEqual({
      access_token: expect.stringMatching(/^pss_[a-z2-7]{10}\./),
      token_type: 'Bearer',
      expires_in: 604_800,
    })
    expect(await liveSids('ada')).toBe(2)
    arcade.wait(5)
    expect(arcade.said(await arcade.poll(device))).toBe('400 invalid_grant')
  })

  test('has its name on the account page and its client in the record', async () => {
    const ada = await signedIn()
    const device = await arcade.device()
    await allowed(device, ada)
    await arcade.poll(device)
    expect((await ada.visit('/auth/account')).html).toContain('Lantern for TV')
    const { records } = await signIns()
    expect(records.at(-1)?.detail).toMatchObject({ provider: 'guild', client: 'lantern-tv' })
    expect(JSON.stringify(records)).not.toContain(device.user_code)
  })

  test('proves nobody’s presence, whatever its player proved', async () => {
    const ada = arcade.browser()
    await ada.signIn('guild', 'ada', undefined, { auth_time: arcade.bench.clock.now - 10 })
    const device = await arcade.device()
    await allowed(device, ada)
    const token = (await arcade.poll(device)).body['access_token']
    expect((await ada.visit('/vault')).status).toBe(200)
    const vault = await arcade.bench.request('/vault', { headers: { authorization: `Bearer ${token}` } })
    expect([vault.status, ((await vault.json()) as { code: string }).code]).toEqual([
      401,
      'insufficient_user_authentication',
    ])
    const play = await arcade.bench.request('/play/1', { headers: { authorization: `Bearer ${token}` } })
    expect(play.status).toBe(200)
  })

  test('whose player says no is told so', async () => {
    const ada = await signedIn()
    const device = await arcade.device()
    const done = await decide(ada, await ada.visit(pathOf(device.verification_uri_complete)), 'refuse')
    expect(done.html).toContain('Your device was not connected')
    expect(arcade.said(await arcade.poll(device))).toBe('400 access_denied')
    expect(await liveSids('ada')).toBe(1)
  })

  test('that asks too often waits five seconds longer each time', async () => {
    const device = await arcade.device()
    const said: string[] = []
    for (const pause of [0, 5, 4, 9, 14, 20]) {
      arcade.wait(pause)
      said.push(String((await arcade.poll(device)).body['error']))
    }
    const [pending, slow] = ['authorization_pending', 'slow_down']
    expect(said).toEqual([pending, pending, slow, slow, slow, pending])
  })

  test('is told when its code has run out, for a while', async () => {
    const device = await arcade.device()
    arcade.wait(600)
    expect(arcade.said(await arcade.poll(device))).toBe('400 expired_token')
    const ada = await signedIn()
    expect((await ada.visit(pathOf(device.verification_uri_complete))).status).toBe(400)
    arcade.wait(601)
    expect(arcade.said(await arcade.poll(device))).toBe('400 invalid_grant')
  })
})

async function signIns() {
  const filter = { from: null, to: null, subject: null, event: 'sign-in' } as const
  const { items } = await arcade.bench.store.audit.read(filter, { after: null, limit: 50 })
  return { records: items }
}

describe('a player', () => {
  test('who is not signed in comes back to the code after the sign-in', async () => {
    const device = await arcade.device()
    const ada = arcade.browser()
    const away = await ada.visit(pathOf(device.verification_uri_complete))
    expect(away.location).toBe(`/auth/sign-in?to=device&user_code=${device.user_code}`)
    const chooser = await ada.visit(away.location ?? '')
    const start = /\/auth\/start\/guild\?[^"]*/.exec(chooser.html)?.[0].replaceAll('&amp;', '&') ?? ''
    const back = await ada.comeBack(ada.waitingAt('guild', await ada.visit(start)), 'ada')
    expect(back.location).toBe(`/auth/device?user_code=${device.user_code}`)
    await decide(ada, await ada.visit(back.location ?? ''), 'allow')
    expect((await arcade.poll(device)).status).toBe(200)
  })

  test.each(['lower', 'bare', 'spaced'])('may type the code %s', async (how) => {
    const device = await arcade.device()
    const ada = await signedIn()
    const bare = device.user_code.replace('-', '')
    const typed = { lower: device.user_code.toLowerCase(), bare, spaced: ` ${bare.slice(0, 4)} ${bare.slice(4)} ` }[how]
    const empty = await ada.visit('/auth/device')
    expect(empty.html).toContain('Enter the code that your device shows.')
    const page = await ada.post('/auth/device', { user_code: typed ?? '' })
    expect(page.html).toContain('Let this device in?')
    await decide(ada, page, 'allow')
    expect((await arcade.poll(device)).status).toBe(200)
  })

  test('who mistypes is told and may correct it', async () => {
    const ada = await signedIn()
    const page = await ada.post('/auth/device', { user_code: 'BBBB-BBBB' })
    expect(page.status).toBe(400)
    expect(page.html).toContain('value="BBBB-BBBB"')
  })

  test('whose session ended over the page signs in and sees it again', async () => {
    const device = await arcade.device()
    const ada = await signedIn()
    const page = await ada.visit(pathOf(device.verification_uri_complete))
    const cookies = ada.copy()
    await ada.post('/auth/sign-out')
    const answer = await decide(cookies, page, 'allow')
    expect([answer.status, answer.location]).toEqual([303, `/auth/sign-in?to=device&user_code=${device.user_code}`])
    expect(arcade.said(await arcade.poll(device))).toBe('400 authorization_pending')
  })

  test('who plays as a guest takes the guest account along, to its end', async () => {
    const guest = arcade.browser()
    await guest.post('/auth/guest', { return_to: '/play/1' })
    const device = await arcade.device()
    await allowed(device, guest)
    const told = await arcade.poll(device)
    expect(told.body['expires_in']).toBe(86_400)
  })

  test('who was suspended meanwhile lets nothing in', async () => {
    const ada = await signedIn()
    const device = await arcade.device()
    await allowed(device, ada)
    const { store, gateway } = arcade.bench
    const [user] = (await store.directory.search('ada', { after: null, limit: 1 })).items
    if (user === undefined) throw new Error('no ada')
    const now = gateway.runtime.now()
    const audit = {
      event: 'standing-changed',
      at: now,
      actor: 'test',
      subject: user.id,
      requestId: '',
      policy: '',
      detail: {},
    } as const
    await store.directory.setStanding(user, { kind: 'banned', reason: 'x' }, [], now, audit)
    expect(arcade.said(await arcade.poll(device))).toBe('400 access_denied')
    arcade.wait(6)
    expect((await ada.visit('/auth/device')).status).toBe(403)
  })

  test('who signed out after the decision lets nothing in', async () => {
    const ada = await signedIn()
    const device = await arcade.device()
    await allowed(device, ada)
    await ada.post('/auth/sign-out')
    expect(arcade.said(await arcade.poll(device))).toBe('400 access_denied')
  })

  test('whose role allows two devices keeps two (seeds S12)', async () => {
    const ada = await signedIn()
    for (const _ of [1, 2, 3]) {
      arcade.wait(1)
      const device = await arcade.device()
      const fresh = (await liveSids('ada')) > 1 ? await signedIn() : ada
      await allowed(device, fresh)
      expect((await arcade.poll(device)).status).toBe(200)
    }
    expect(await liveSids('ada')).toBe(2)
  })
})

describe('an attack', () => {
  test('a link with the code approves nothing by itself (RFC 8628 section 5.4)', async () => {
    const device = await arcade.device()
    const ada = await signedIn()
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
    const ada = await signedIn()
    const fields = { user_code: device.user_code, decision: 'allow' }
    const answer = await ada.post('/auth/device', fields, 'https://evil.example')
    expect(answer.status).toBe(403)
    expect(arcade.said(await arcade.poll(device))).toBe('400 authorization_pending')
  })

  test('a frame shows no decision, not even where our pages may be framed', async () => {
    await arcade.close()
    arcade = await openArcade({ embed: { hosts: ['play.example.com'], ancestors: ['https://discord.com'] } })
    const device = await arcade.device()
    const ada = await signedIn()
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
    const ada = await signedIn()
    await allowed(device, ada)
    const { access_token } = (await arcade.poll(device)).body
    const second = await arcade.device()
    const fields = { user_code: second.user_code, decision: 'allow' }
    const told = await arcade.tell('/auth/device', fields, { authorization: `Bearer ${access_token}` })
    expect(told.status).toBeGreaterThanOrEqual(400)
    expect(arcade.said(await arcade.poll(second))).toBe('400 authorization_pending')
  })

  test('a code is decided about once', async () => {
    const device = await arcade.device()
    const [ada, eve] = [await signedIn('ada'), await signedIn('eve')]
    const pages = await Promise.all([ada, eve].map((who) => who.visit(pathOf(device.verification_uri_complete))))
    const done = await Promise.all(
      [ada, eve].map((who, index) => decide(who, pages[index] as Seen, index === 0 ? 'allow' : 'refuse')),
    )
    expect(done.map(({ status }) => status).sort()).toEqual([200, 400])
  })

  test('of many polls at once one gets the session', async () => {
    const device = await arcade.device()
    await allowed(device, await signedIn())
    const told = await Promise.all(Array.from({ length: 8 }, () => arcade.poll(device)))
    expect(told.filter(({ status }) => status === 200).length).toBe(1)
    expect(await liveSids('ada')).toBe(2)
  })

  test('guessing codes ends after a few tries, for the person and for the network', async () => {
    const eve = await signedIn('eve')
    const seen: number[] = []
    for (let i = 0; i < 25; i++) seen.push((await eve.post('/auth/device', { user_code: 'BBBBBBBB' })).status)
    expect(seen.filter((status) => status === 400).length).toBe(20)
    expect(seen.at(-1)).toBe(429)
    const device = await arcade.device()
    expect((await eve.post('/auth/device', { user_code: device.user_code, decision: 'allow' })).status).toBe(429)
    for (let i = 0; i < 9; i++) {
      const other = await signedIn(`eve${i}`)
      for (let n = 0; n < 20; n++) seen.push((await other.post('/auth/device', { user_code: 'BBBBBBBB' })).status)
    }
    expect((await (await signedIn('ada')).visit('/auth/device?user_code=BBBBBBBB')).status).toBe(429)
    arcade.wait(600)
    expect((await eve.post('/auth/device', { user_code: 'BBBBBBBB' })).status).toBe(400)
  })

  test('a code of another client, or an invented one, is worth nothing', async () => {
    const device = await arcade.device()
    await allowed(device, await signedIn())
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
  expect((await (await signedIn()).visit('/auth/device')).status).toBe(404)
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
  expect((await arcade.poll(device)).status).toBe(503)
  expect((await arcade.tell('/auth/device/code', { client_id: 'lantern-tv' })).status).toBe(503)
})
