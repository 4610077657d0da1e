import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { digest } from '../../src/core/bytes.ts'
import { json } from '../adapters/oauth/support/hostile-op.ts'
import type { Browser, Seen } from '../login/support/browser.ts'
import { type House, openHouse } from '../login/support/house.ts'

let house: House
let ada: Browser
beforeEach(async () => {
  house = await openHouse()
  ada = house.browser()
})
afterEach(() => house.close())

/** Nobody was signed in, and nothing was told but a page. */
async function expectNobody(by: Browser, answer: Seen, status: number): Promise<void> {
  expect(answer.status).toBe(status)
  expect(answer.location).toBeNull()
  expect(await by.session()).toBeNull()
}

describe('the answer of an attempt', () => {
  test('without a state signs nobody in (RFC 6749 section 10.12; seeds P2)', async () => {
    const waiting = await ada.start('guild')
    const code = encodeURIComponent(ada.codeFor(waiting, 'ada'))
    await expectNobody(ada, await ada.visit(`/auth/callback/guild?code=${code}`), 400)
  })

  test('with the state of another attempt of this browser ends at that one, once (RFC 9700 section 4.7)', async () => {
    const [one, two] = [
      await ada.start('guild', 'return_to=%2Fplay%2F1'),
      await ada.start('guild', 'return_to=%2Fplay%2F2'),
    ]
    const swapped = { ...two, nonce: one.nonce }
    // The nonce belongs to the first attempt, the state to the second: the ID token does not fit.
    await expectNobody(ada, await ada.comeBack(swapped, 'ada'), 502)
  })

  test('with the state of an attempt at another browser signs nobody in (login CSRF; CVE-2017-1000069)', async () => {
    const eve = house.browser()
    const hers = await eve.start('guild')
    await expectNobody(ada, await ada.comeBack(hers, 'eve'), 400)
    expect(house.ops.guild.hits.get('/token')).toBeUndefined()
  })

  test('the same, for somebody signed in, changes who nobody is (security.md: session swap)', async () => {
    await ada.signIn('guild', 'ada')
    const eve = house.browser()
    const hers = await eve.start('guild', 'return_to=%2Fplay%2Fevil')
    await ada.comeBack(hers, 'eve')
    expect(await ada.session()).toMatchObject({ user: { name: 'ada' } })
  })

  test('taken once stays taken: the code is not spent a second time (RFC 6749 section 10.5)', async () => {
    const waiting = await ada.start('guild')
    const thief = ada.copy()
    await ada.comeBack(waiting, 'ada')
    await expectNobody(thief, await thief.comeBack(waiting, 'ada'), 400)
    expect(house.ops.guild.hits.get('/token')).toBe(1)
  })

  test('raced by twenty spends the code once (better-auth GHSA-7w99-5wm4-3g79)', async () => {
    const waiting = await ada.start('guild')
    const copies = Array.from({ length: 20 }, () => ada.copy())
    const answers = await Promise.all(copies.map((copy) => copy.comeBack(waiting, 'ada')))
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1)
    expect(house.ops.guild.hits.get('/token')).toBe(1)
  })

  test('given to the callback of another provider signs nobody in (mix-up; RFC 9700 section 4.4)', async () => {
    const waiting = await ada.start('guild')
    const query = new URLSearchParams({ code: ada.codeFor(waiting, 'ada'), state: waiting.state })
    await expectNobody(ada, await ada.visit(`/auth/callback/tavern?${query}`), 400)
    expect(house.ops.tavern.hits.get('/token')).toBeUndefined()
    expect((await ada.comeBack(waiting, 'ada')).status).toBe(303)
  })

  test('with the issuer of another provider is refused before the code is spent (RFC 9207 section 2.4)', async () => {
    const waiting = await ada.start('guild')
    const query = new URLSearchParams({ code: 'x', state: waiting.state, iss: house.ops.tavern.url })
    await expectNobody(ada, await ada.visit(`/auth/callback/guild?${query}`), 502)
    expect(house.ops.guild.hits.get('/token')).toBeUndefined()
  })

  test('without iss is refused where the provider says it sends one (RFC 9207 section 2.4)', async () => {
    house.ops.guild.metadata = { authorization_response_iss_parameter_supported: true }
    const waiting = await ada.start('guild')
    await expectNobody(ada, await ada.comeBack(waiting, 'ada'), 502)
  })

  test('a side record is no attempt: its name as a state leads nowhere', async () => {
    const waiting = await ada.start('guild')
    await ada.comeBack(waiting, 'ada')
    const thief = house.browser()
    for (const state of [`spent.${await digest(waiting.state)}`, `spent ${waiting.state}`])
      await expectNobody(
        thief,
        await thief.visit(`/auth/callback/guild?code=x&state=${encodeURIComponent(state)}`),
        400,
      )
  })
})

describe('PKCE and nonce', () => {
  test('the challenge is S256 of the verifier that is sent, and the attempt has its own (RFC 7636; RFC 9700 2.1.1)', async () => {
    let verifier = ''
    house.ops.guild.on('/token', ({ body }, response) => {
      verifier = body.get('code_verifier') ?? ''
      json(response, { error: 'invalid_grant' }, 400)
    })
    const waiting = await ada.start('guild')
    expect(waiting.parameters.get('code_challenge_method')).toBe('S256')
    await ada.comeBack(waiting, 'ada')
    expect(await digest(verifier)).toBe(waiting.parameters.get('code_challenge'))
    const next = await ada.start('guild')
    expect(next.parameters.get('code_challenge')).not.toBe(waiting.parameters.get('code_challenge'))
  })

  test('a request cannot take PKCE, nonce or scope out (downgrade; RFC 9700 section 4.8.2)', async () => {
    const wish = 'code_challenge=&code_challenge_method=plain&nonce=&state=mine&scope=&response_type=token'
    const { parameters } = await ada.start('guild', wish)
    expect(parameters.get('code_challenge_method')).toBe('S256')
    expect(parameters.get('code_challenge')).toHaveLength(43)
    expect(parameters.get('nonce')).toHaveLength(22)
    expect(parameters.get('state')).not.toBe('mine')
    expect(parameters.get('response_type')).toBe('code')
  })

  test('a code that stands for another sign-in does not fit the nonce (code injection; RFC 9700 section 4.5)', async () => {
    const eve = house.browser()
    const hers = await eve.start('guild')
    const mine = await ada.start('guild')
    const query = new URLSearchParams({ code: eve.codeFor(hers, 'eve'), state: mine.state })
    await expectNobody(ada, await ada.visit(`/auth/callback/guild?${query}`), 502)
  })

  test.each([
    ['no nonce', { nonce: null }],
    ['an empty nonce', { nonce: '' }],
    ['another audience', { aud: 'somebody-else' }],
    ['another issuer', { iss: 'https://evil.example' }],
    ['an end in the past', { exp: 1 }],
    ['no subject', { sub: null }],
    ['an authorized party that is somebody else', { aud: ['client', 'other'], azp: 'other' }],
  ])('an ID token with %s signs nobody in (OpenID Connect Core section 3.1.3.7)', async (_, claims) => {
    const waiting = await ada.start('guild')
    await expectNobody(ada, await ada.comeBack(waiting, 'ada', claims), 502)
  })
})

describe('sessions', () => {
  test('a planted session cookie is never adopted (fixation; CVE-2024-28197)', async () => {
    const eve = house.browser()
    await eve.signIn('guild', 'eve')
    const planted = eve.jar.get('__Host-postern') ?? ''
    ada.jar.set('__Host-postern', planted)
    await ada.signIn('guild', 'ada')
    expect(ada.jar.get('__Host-postern')).not.toBe(planted)
    // Whoever planted it is not signed in as Ada, and not at all.
    expect(await eve.session()).toBeNull()
  })

  test('a key from before a sign-in of the same person is none after it (seeds S10; ASVS 3.2.1)', async () => {
    await ada.signIn('guild', 'ada')
    const before = ada.copy()
    await ada.signIn('guild', 'ada')
    house.wait(31)
    expect(await before.session()).toBeNull()
    expect(await ada.session()).not.toBeNull()
  })

  test('two session cookies that both verify are nobody (cookie tossing; DECISIONS 3)', async () => {
    const eve = house.browser()
    await eve.signIn('guild', 'eve')
    await ada.signIn('guild', 'ada')
    const cookie = `${ada.cookie}; __Host-postern=${eve.jar.get('__Host-postern')}`
    const answer = await ada.send('/auth/session', { headers: { cookie, accept: 'application/json' } })
    expect(answer.status).toBe(401)
  })

  test('a tossed attempt cookie does not bind a foreign attempt (cookie tossing; RFC 6265bis section 8.6)', async () => {
    const eve = house.browser()
    const hers = await eve.start('guild')
    const [name = ''] = [...eve.jar.keys()].filter((key) => key.startsWith('__Host-pt'))
    ada.jar.set(name, 'abc.AAAAAAAAAAAAAAAAAAAAAA')
    await expectNobody(ada, await ada.comeBack(hers, 'eve'), 400)
  })
})

describe('accounts', () => {
  test('an account made first with an unverified address does not catch its owner (pre-hijacking; arXiv 2205.10174)', async () => {
    const eve = house.browser()
    await eve.signIn('guild', 'eve', undefined, { email: 'ada@guild.example', email_verified: false })
    await ada.signIn('tavern', 'ada', undefined, { email: 'ada@guild.example', email_verified: true })
    expect((await ada.session())?.user.id).not.toBe((await eve.session())?.user.id)
    expect(await ada.identities()).toHaveLength(1)
  })

  test('a changed address at the provider does not change who somebody is (nOAuth)', async () => {
    await ada.signIn('guild', 'ada')
    const eve = house.browser()
    await eve.signIn('guild', 'eve', undefined, { email: 'ada@guild.example', email_verified: true })
    expect((await eve.session())?.user.id).not.toBe((await ada.session())?.user.id)
  })

  test('the same subject at another issuer is somebody else (OpenID Connect Core section 5.7)', async () => {
    await ada.signIn('guild', 'ada')
    const other = house.browser()
    await other.signIn('tavern', 'ada')
    expect((await other.session())?.user.id).not.toBe((await ada.session())?.user.id)
  })

  test('an identity is linked only by the session that began it (link CSRF; RFC 9700 section 4.7)', async () => {
    await ada.signIn('guild', 'ada')
    const eve = house.browser()
    await eve.signIn('guild', 'eve')
    // Eve begins to link and lets Ada's browser finish, with the cookie of the attempt planted there.
    const hers = eve.waitingAt('tavern', await eve.post('/auth/link/tavern'))
    for (const [name, value] of eve.jar) if (name.startsWith('__Host-pt')) ada.jar.set(name, value)
    const answer = await ada.comeBack(hers, 'eve-of-tavern')
    expect(answer.status).toBe(400)
    expect(await ada.identities()).toHaveLength(1)
  })

  test('linking begins by a form of this site alone (CVE-2023-27490)', async () => {
    await ada.signIn('guild', 'ada')
    expect((await ada.visit('/auth/link/tavern', 'cross-site')).status).toBe(405)
    expect((await ada.post('/auth/link/tavern', {}, 'https://evil.example')).status).toBe(403)
    for (const path of ['/auth/unlink?provider=guild', '/auth/primary?provider=guild', '/auth/devices/end-others'])
      expect((await ada.post(path, {}, 'https://evil.example')).status).toBe(403)
  })

  test('a guest session of somebody else is not promoted by an attempt that began without it (session swap)', async () => {
    const waiting = await ada.start('guild')
    const eve = house.browser()
    await eve.post('/auth/guest', {})
    ada.jar.set('__Host-postern', eve.jar.get('__Host-postern') ?? '')
    expect((await ada.comeBack(waiting, 'ada')).status).toBe(400)
    expect(await eve.session()).toMatchObject({ user: { guest: true } })
  })

  test('a re-authentication is finished by the session that asked for it (step-up confusion; RFC 9470 section 6)', async () => {
    await ada.signIn('guild', 'ada')
    house.wait(301)
    const again = ada.waitingAt('guild', await ada.post('/auth/link/tavern'))
    await ada.post('/auth/sign-out')
    const answer = await ada.comeBack(again, 'ada')
    expect(answer.status).toBe(400)
    expect(await ada.session()).toBeNull()
  })
})

describe('parameters', () => {
  test.each(['state', 'code', 'iss', 'error'])('%s sent twice is refused (parameter pollution)', async (name) => {
    const waiting = await ada.start('guild')
    const query = new URLSearchParams({ code: ada.codeFor(waiting, 'ada'), state: waiting.state })
    query.append(name, query.get(name) ?? 'x')
    if (query.getAll(name).length === 1) query.append(name, 'x')
    await expectNobody(ada, await ada.visit(`/auth/callback/guild?${query}`), 400)
  })

  test('an error wins over a code that comes with it, and nothing is spent (RFC 6749 section 4.1.2.1)', async () => {
    const waiting = await ada.start('guild')
    const query = new URLSearchParams({ code: 'x', state: waiting.state, error: 'access_denied' })
    await expectNobody(ada, await ada.visit(`/auth/callback/guild?${query}`), 403)
    expect(house.ops.guild.hits.get('/token')).toBeUndefined()
  })

  test('markup in what a provider or a request says is text (CWE-79)', async () => {
    const waiting = await ada.start('guild')
    const evil = '"><script>alert(1)</script>'
    const query = new URLSearchParams({ state: waiting.state, error: evil, error_description: evil })
    expect((await ada.visit(`/auth/callback/guild?${query}`)).html).not.toContain('<script')
    await ada.signIn('guild', 'ada', undefined, { name: evil })
    expect((await ada.visit('/auth/account')).html).not.toContain('<script')
  })

  test('nothing secret of a failed sign-in is reported (canary)', async () => {
    const waiting = await ada.start('guild')
    await ada.comeBack(waiting, 'ada', { nonce: 'canary-nonce' })
    const reported = JSON.stringify(house.bench.observed)
    for (const word of [waiting.state, waiting.nonce, 'canary-nonce', 'ada@guild.example', ...ada.jar.values()])
      expect(reported).not.toContain(word)
    expect(reported).toContain('"provider":"guild"')
  })
})
