import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ProviderConfig } from '../../../src/ports/config.ts'
import type { Provider, ProviderStart } from '../../../src/ports/provider.ts'
import { providerOf } from './support/attack.ts'
import { type Browser, browser, type RealOp, realOp } from './support/real-op.ts'
import { finishOf, formsOf, freshStart, REDIRECT_URI } from './support/sign-in.ts'

let op: RealOp
beforeAll(async () => {
  op = await realOp()
})
afterAll(() => op.close())

function clientAt(clientId: string, changes: Partial<ProviderConfig> = {}): Provider {
  return providerOf({
    id: 'guild',
    kind: 'oidc',
    name: 'Guild',
    clientId,
    clientSecret: { secret: 'GUILD_SECRET' },
    scopes: null,
    options: { issuer: op.url },
    admit: {},
    dangerouslyAllowHttp: true,
    freshness: 'stated',
    timeoutMs: 5000,
    ...changes,
  })
}

async function visit(provider: Provider, by: Browser = browser(), wish: Partial<ProviderStart> = {}) {
  const start = freshStart(wish)
  const url = await provider.start(start)
  if (!url.ok) throw new Error(JSON.stringify(url.fault))
  return { start, parameters: await by.until(url.value, REDIRECT_URI, 'ada') }
}

async function signIn(provider: Provider, by: Browser = browser()) {
  const { start, parameters } = await visit(provider, by)
  return provider.finish(finishOf(start, parameters))
}

test('a real provider signs a person in; name and address come from userinfo', async () => {
  expect(await signIn(clientAt('secretive'))).toMatchObject({
    ok: true,
    value: {
      identity: {
        issuer: op.url,
        subject: 'ada',
        profile: {
          name: 'Ada Example',
          email: 'ada@guild.example',
          emailVerified: true,
          picture: 'https://pictures.example/ada.png',
        },
      },
      providerSid: expect.any(String),
    },
  })
})

test('a real provider signs with ES256', async () => {
  expect((await signIn(clientAt('elliptic'))).ok).toBe(true)
})

test('a real provider signs with PS256', async () => {
  expect((await signIn(clientAt('padded'))).ok).toBe(true)
})

test('a real provider signs with EdDSA', async () => {
  expect((await signIn(clientAt('edwards'))).ok).toBe(true)
})

test('a real provider takes a client without secret by PKCE alone', async () => {
  expect((await signIn(clientAt('open', { clientSecret: null }))).ok).toBe(true)
})

test('a real provider sends iss, and a swapped one is refused (RFC 9207)', async () => {
  const provider = clientAt('secretive')
  const { start, parameters } = await visit(provider)
  expect(parameters.get('iss')).toBe(op.url)
  parameters.set('iss', 'https://attacker.example')
  expect(await provider.finish(finishOf(start, parameters))).toEqual({
    ok: false,
    fault: { kind: 'invalid', check: 'iss' },
  })
})

test('a real provider states auth_time when max_age asks for it', async () => {
  const outcome = await signIn(clientAt('secretive', { options: { issuer: op.url, maxAge: '300' } }))
  expect(outcome).toMatchObject({ ok: true, value: { authTime: expect.any(Number) } })
})

test('a real provider proves a fresh sign-in when prompt=login asks for one', async () => {
  const provider = clientAt('secretive')
  const by = browser()
  await signIn(provider, by)
  const { start, parameters } = await visit(provider, by, { prompt: 'login' })
  const outcome = await provider.finish(finishOf(start, parameters))
  expect(outcome).toMatchObject({ ok: true, value: { authTime: expect.any(Number) } })
})

test('a real provider refuses a code the second time', async () => {
  const provider = clientAt('secretive')
  const { start, parameters } = await visit(provider)
  expect((await provider.finish(finishOf(start, parameters))).ok).toBe(true)
  expect(await provider.finish(finishOf(start, parameters))).toEqual({
    ok: false,
    fault: { kind: 'invalid', check: 'invalid_grant' },
  })
})

test('a real provider refuses a code that another sign-in began: PKCE', async () => {
  const provider = clientAt('secretive')
  const { start, parameters } = await visit(provider)
  const stolen = { ...finishOf(start, parameters), codeVerifier: freshStart().codeVerifier }
  expect(await provider.finish(stolen)).toEqual({ ok: false, fault: { kind: 'invalid', check: 'invalid_grant' } })
})

test('a code of another sign-in is refused by its nonce even when its verifier is known', async () => {
  const provider = clientAt('secretive')
  const { start, parameters } = await visit(provider)
  expect(await provider.finish({ ...finishOf(start, parameters), nonce: freshStart().nonce })).toEqual({
    ok: false,
    fault: { kind: 'invalid', check: 'nonce' },
  })
})

test('a wrong client secret is named for the operator, sent in the body', async () => {
  const provider = clientAt('secretive', { clientSecret: { secret: 'WRONG' } })
  const { start, parameters } = await visit(provider)
  expect(await provider.finish(finishOf(start, parameters))).toEqual({
    ok: false,
    fault: { kind: 'invalid', check: 'invalid_client' },
  })
})

test('a wrong client secret is named for the operator, sent in the header', async () => {
  const provider = clientAt('secretive', {
    clientSecret: { secret: 'WRONG' },
    options: { issuer: op.url, clientAuth: 'basic' },
  })
  const { start, parameters } = await visit(provider)
  expect(await provider.finish(finishOf(start, parameters))).toEqual({
    ok: false,
    fault: { kind: 'invalid', check: 'invalid_client' },
  })
})

test('a person who says no comes back as refused', async () => {
  const provider = clientAt('secretive')
  const start = freshStart()
  const url = await provider.start(start)
  const by = browser()
  const first = await by.get(url.ok ? url.value : '')
  const interaction = new URL(first.headers.get('location') ?? '', op.url).href
  const page = await (await by.get(interaction)).text()
  expect(formsOf(page)).not.toEqual([])
  const parameters = await by.until(`${interaction}/abort`, REDIRECT_URI, 'ada')
  expect(await provider.finish(finishOf(start, parameters))).toEqual({
    ok: false,
    fault: { kind: 'refused', error: 'access_denied' },
  })
})

test('prompt=none without a session at the provider comes back as refused', async () => {
  const provider = clientAt('secretive')
  const { start, parameters } = await visit(provider, browser(), { prompt: 'none' })
  expect(await provider.finish(finishOf(start, parameters))).toEqual({
    ok: false,
    fault: { kind: 'refused', error: 'login_required' },
  })
})

test('signing out at a real provider sends a logout token for the very session', async () => {
  const provider = clientAt('secretive')
  const by = browser()
  const outcome = await signIn(provider, by)
  if (!outcome.ok) throw new Error('not signed in')
  const leave = await provider.endSession(outcome.value.idToken, 'http://localhost:8787/auth/signed-out')
  const page = await by.get(leave ?? '')
  const [form] = formsOf(await page.text())
  form?.fields.set('logout', 'yes')
  const done = await by.submit(form?.action ?? '', form?.fields ?? new URLSearchParams())
  expect(done.headers.get('location')).toBe('http://localhost:8787/auth/signed-out')
  expect(op.logoutTokens).toHaveLength(1)
  expect(await provider.logout?.(op.logoutTokens[0] ?? '')).toMatchObject({
    ok: true,
    value: { issuer: op.url, subject: 'ada', providerSid: outcome.value.providerSid },
  })
})
