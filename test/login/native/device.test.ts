import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Arcade, openArcade } from './support/arcade.ts'
import { allowed, decide, pathOf } from './support/deciding.ts'

let arcade: Arcade
beforeEach(async () => {
  arcade = await openArcade()
})
afterEach(() => arcade.close())

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
    const ada = await arcade.signedIn()
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
    expect(await arcade.sessionsOf('ada')).toBe(2)
    arcade.wait(5)
    expect(arcade.said(await arcade.poll(device))).toBe('400 invalid_grant')
  })

  test('has its name on the account page and its client in the record', async () => {
    const ada = await arcade.signedIn()
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
    const ada = await arcade.signedIn()
    const device = await arcade.device()
    const done = await decide(ada, await ada.visit(pathOf(device.verification_uri_complete)), 'refuse')
    expect(done.html).toContain('Your device was not connected')
    expect(arcade.said(await arcade.poll(device))).toBe('400 access_denied')
    expect(await arcade.sessionsOf('ada')).toBe(1)
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
    const ada = await arcade.signedIn()
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
    const ada = await arcade.signedIn()
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
    const ada = await arcade.signedIn()
    const page = await ada.post('/auth/device', { user_code: 'BBBB-BBBB' })
    expect(page.status).toBe(400)
    expect(page.html).toContain('value="BBBB-BBBB"')
  })

  test('whose session ended over the page signs in and sees it again', async () => {
    const device = await arcade.device()
    const ada = await arcade.signedIn()
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
    const ada = await arcade.signedIn()
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
    const ada = await arcade.signedIn()
    const device = await arcade.device()
    await allowed(device, ada)
    await ada.post('/auth/sign-out')
    expect(arcade.said(await arcade.poll(device))).toBe('400 access_denied')
  })

  test('whose role allows two devices keeps two (seeds S12)', async () => {
    const ada = await arcade.signedIn()
    for (const _ of [1, 2, 3]) {
      arcade.wait(1)
      const device = await arcade.device()
      const fresh = (await arcade.sessionsOf('ada')) > 1 ? await arcade.signedIn() : ada
      await allowed(device, fresh)
      expect((await arcade.poll(device)).status).toBe(200)
    }
    expect(await arcade.sessionsOf('ada')).toBe(2)
  })
})
