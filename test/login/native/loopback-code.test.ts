import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { base64url, digest } from '../../../src/core/bytes.ts'
import { type Arcade, openArcade } from './support/arcade.ts'
import { codeFor, consentPage, decide, onward, query, VERIFIER } from './support/deciding.ts'

let arcade: Arcade
beforeEach(async () => {
  arcade = await openArcade()
})
afterEach(() => arcade.close())

describe('a code', () => {
  test('is worth one session, and coming again it ends that session (RFC 6749 section 4.1.2)', async () => {
    const code = await codeFor(await arcade.signedIn())
    expect((await arcade.redeem(code)).status).toBe(200)
    expect(await arcade.total()).toBe(2)
    expect(arcade.said(await arcade.redeem(code))).toBe('400 invalid_grant')
    expect(await arcade.total()).toBe(1)
  })

  test('that comes twice at once leaves no session', async () => {
    const code = await codeFor(await arcade.signedIn())
    const told = await Promise.all([arcade.redeem(code), arcade.redeem(code), arcade.redeem(code)])
    expect(told.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
    expect(await arcade.total()).toBe(1)
  })

  test('is worth nothing after a minute', async () => {
    const code = await codeFor(await arcade.signedIn())
    arcade.wait(60)
    expect(arcade.said(await arcade.redeem(code))).toBe('400 invalid_grant')
  })

  test.each([
    ['another client', { client_id: 'script' }],
    ['another port', { redirect_uri: 'http://127.0.0.1:49153/callback' }],
    ['another path', { redirect_uri: 'http://127.0.0.1:49152/other' }],
    ['another verifier', { code_verifier: base64url(new Uint8Array(32).fill(8)) }],
    ['the challenge itself', { code_verifier: 'challenge' }],
  ])('is spent and worth nothing with %s', async (_, more) => {
    const code = await codeFor(await arcade.signedIn())
    const wrong =
      'code_verifier' in more && more.code_verifier === 'challenge' ? { code_verifier: await digest(VERIFIER) } : more
    expect(arcade.said(await arcade.redeem(code, wrong))).toBe('400 invalid_grant')
    expect(arcade.said(await arcade.redeem(code))).toBe('400 invalid_grant')
    expect(await arcade.total()).toBe(1)
  })

  test.each(['code', 'redirect_uri', 'code_verifier'])('is asked for with %s', async (name) => {
    const code = await codeFor(await arcade.signedIn())
    expect(arcade.said(await arcade.redeem(code, { [name]: '' }))).toBe('400 invalid_request')
    expect((await arcade.redeem(code)).status).toBe(200)
  })

  test('that was invented costs no store call', async () => {
    const before = arcade.bench.calls.length
    expect(arcade.said(await arcade.redeem('A'.repeat(43)))).toBe('400 invalid_grant')
    expect(arcade.bench.calls.length).toBe(before)
  })

  test('of a device is none for this, nor the other way round', async () => {
    const device = await arcade.device('script')
    const code = await codeFor(await arcade.signedIn(), { client_id: 'script' })
    const before = arcade.bench.calls.length
    expect(arcade.said(await arcade.redeem(device.device_code, { client_id: 'script' }))).toBe('400 invalid_grant')
    expect(arcade.said(await arcade.poll({ ...device, device_code: code }, 'script'))).toBe('400 invalid_grant')
    expect(arcade.bench.calls.length).toBe(before)
  })

  test('is worth nothing once its player signed out', async () => {
    const ada = await arcade.signedIn()
    const code = await codeFor(ada)
    await ada.post('/auth/sign-out')
    expect(arcade.said(await arcade.redeem(code))).toBe('400 invalid_grant')
  })

  test('is written down nowhere', async () => {
    const code = await codeFor(await arcade.signedIn())
    await arcade.redeem(code)
    const filter = { from: null, to: null, subject: null, event: null }
    const { items } = await arcade.bench.store.audit.read(filter, { after: null, limit: 50 })
    expect(items.at(-1)?.detail).toMatchObject({ client: 'launcher', provider: 'guild' })
    expect(JSON.stringify([items, arcade.bench.observed])).not.toContain(code)
  })
})

describe('an attack', () => {
  test('looking allows nothing', async () => {
    const ada = await arcade.signedIn()
    const kept = await ada.visit(`/auth/authorize?${await query()}`)
    const answer = await ada.visit(`${kept.location}&decision=allow`, 'cross-site')
    expect(answer.html).not.toContain('code=')
    expect((await ada.post(`${kept.location}&decision=allow`, {})).status).toBe(400)
  })

  test('a form of another site allows nothing', async () => {
    const ada = await arcade.signedIn()
    const answer = await decide(ada, await consentPage(ada), 'allow', 'https://evil.example')
    expect(answer.status).toBe(403)
    expect(answer.html).not.toContain('code=')
  })

  test('a page of it stands in no frame, not even where our pages may', async () => {
    await arcade.close()
    arcade = await openArcade({ embed: { hosts: ['play.example.com'], ancestors: ['https://discord.com'] } })
    const page = await consentPage(await arcade.signedIn())
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
  })

  test('a decision is taken once', async () => {
    const ada = await arcade.signedIn()
    const page = await consentPage(ada)
    await decide(ada, page, 'allow')
    expect((await decide(ada, page, 'allow')).status).toBe(400)
  })

  test('neither answer is none', async () => {
    const ada = await arcade.signedIn()
    const page = await consentPage(ada)
    expect((await decide(ada, page, 'maybe')).status).toBe(400)
    expect(onward(await decide(ada, page, 'allow')).searchParams.has('code')).toBe(true)
  })

  test('a background request asks for nothing', async () => {
    const answer = await arcade.browser().send(`/auth/authorize?${await query()}`, { headers: { accept: '*/*' } })
    expect(JSON.parse(answer.html)).toMatchObject({ code: 'not_navigation' })
  })

  test('a bearer lets no program in', async () => {
    const ada = await arcade.signedIn()
    const { access_token } = (await arcade.redeem(await codeFor(ada))).body
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
  const ada = await arcade.signedIn()
  expect((await ada.visit(`/auth/authorize?${await query()}`)).status).toBe(404)
  expect((await ada.post('/auth/authorize', { decision: 'allow' })).status).toBe(404)
})

test('a silent store is an outage and no answer', async () => {
  const code = await codeFor(await arcade.signedIn())
  const { StoreUnavailable } = await import('../../../src/ports/store.ts')
  const silent = () => Promise.reject(new StoreUnavailable('logins.take', 'silent'))
  Object.assign(arcade.bench.store.logins, { peek: silent, begin: silent, claim: silent, take: silent })
  expect((await arcade.redeem(code)).status).toBe(503)
  expect((await arcade.browser().visit(`/auth/authorize?${await query()}`)).status).toBe(503)
})
