import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { callback, oidcAt, refused } from './support/attack.ts'
import { type HostileOp, hostileOp } from './support/hostile-op.ts'
import { finishOf, freshStart } from './support/sign-in.ts'

let op: HostileOp
beforeAll(async () => {
  op = await hostileOp()
})
beforeEach(() => op.reset())
afterAll(() => op.close())

test('finish() refuses the iss parameter of another provider: mix-up (RFC 9207, security.md "OAuth mix-up")', async () => {
  expect(await callback(op, oidcAt(op), { iss: 'https://attacker.example' })).toEqual(refused('iss'))
  expect(op.hits.get('/token')).toBeUndefined()
})

test('finish() refuses a missing iss parameter when the provider states that it sends one (RFC 9207 section 2.4)', async () => {
  op.metadata = { authorization_response_iss_parameter_supported: true }
  expect(await callback(op, oidcAt(op))).toEqual(refused('iss'))
})

test('finish() takes the right iss parameter', async () => {
  op.metadata = { authorization_response_iss_parameter_supported: true }
  expect((await callback(op, oidcAt(op), { iss: op.url })).ok).toBe(true)
})

test('finish() refuses a state that is not the one of the transaction, before any call (CVE-2017-1000069)', async () => {
  const start = freshStart()
  const parameters = new URLSearchParams({ code: 'c', state: freshStart().state })
  expect(await oidcAt(op).finish(finishOf(start, parameters))).toEqual(refused('state'))
  expect(op.hits.get('/token')).toBeUndefined()
})

test('finish() refuses a callback without state (GHSA-fm3f-ch8h-qw8q)', async () => {
  expect(await oidcAt(op).finish(finishOf(freshStart(), new URLSearchParams({ code: 'c' })))).toEqual(refused('state'))
})

test('finish() refuses a state that is given twice (mod_auth_openidc 2026-08-12)', async () => {
  const start = freshStart()
  const parameters = new URLSearchParams([
    ['code', 'c'],
    ['state', start.state],
    ['state', 'other'],
  ])
  expect((await oidcAt(op).finish(finishOf(start, parameters))).ok).toBe(false)
})

test('finish() refuses a code that is given twice', async () => {
  const start = freshStart()
  const parameters = new URLSearchParams([
    ['code', 'c'],
    ['code', 'd'],
    ['state', start.state],
  ])
  expect((await oidcAt(op).finish(finishOf(start, parameters))).ok).toBe(false)
  expect(op.hits.get('/token')).toBeUndefined()
})

test('finish() refuses a callback with state and nothing else (CVE-2022-29228)', async () => {
  const start = freshStart()
  expect((await oidcAt(op).finish(finishOf(start, new URLSearchParams({ state: start.state })))).ok).toBe(false)
})

test('finish() answers error= with its registered word and asks nobody', async () => {
  const start = freshStart()
  const parameters = new URLSearchParams({ error: 'access_denied', state: start.state, error_description: '<b>no</b>' })
  expect(await oidcAt(op).finish(finishOf(start, parameters))).toEqual({
    ok: false,
    fault: { kind: 'refused', error: 'access_denied' },
  })
  expect(op.hits.get('/token')).toBeUndefined()
})

test('finish() lets error win over code (security.md "Parameter pollution")', async () => {
  expect(await callback(op, oidcAt(op), { error: 'access_denied' })).toEqual({
    ok: false,
    fault: { kind: 'refused', error: 'access_denied' },
  })
})

test('finish() never reflects an error that is HTML', async () => {
  expect(await callback(op, oidcAt(op), { error: '<script>alert(1)</script>' })).toEqual({
    ok: false,
    fault: { kind: 'refused', error: 'other' },
  })
})

test('finish() refuses error= of a foreign state', async () => {
  const parameters = new URLSearchParams({ error: 'access_denied', state: 'forged' })
  expect(await oidcAt(op).finish(finishOf(freshStart(), parameters))).toEqual(refused('state'))
})

test('start() refuses a provider that no longer states S256: PKCE downgrade (CVE-2024-23647)', async () => {
  op.metadata = { code_challenge_methods_supported: ['plain'] }
  expect(await oidcAt(op).start(freshStart())).toEqual(refused('pkce'))
})

test('start() refuses a provider that states no challenge methods at all (CVE-2025-4144)', async () => {
  op.metadata = { code_challenge_methods_supported: undefined }
  expect(await oidcAt(op).start(freshStart())).toEqual(refused('pkce'))
})

test('start() sends S256 to a provider that states none when the operator vouches for it', async () => {
  op.metadata = { code_challenge_methods_supported: undefined }
  const url = await oidcAt(op, { options: { issuer: op.url, pkce: 'sent' } }).start(freshStart())
  expect(url.ok && new URL(url.value).searchParams.get('code_challenge_method')).toBe('S256')
})

test('start() refuses metadata of another issuer (OpenID Connect Discovery 4.3)', async () => {
  op.metadata = { issuer: 'https://elsewhere.example' }
  expect(await oidcAt(op).start(freshStart())).toEqual(refused('issuer'))
})

test('start() refuses plain http unless it is dangerously allowed', async () => {
  expect(await oidcAt(op, { dangerouslyAllowHttp: false }).start(freshStart())).toEqual(refused('endpoint-http'))
  expect(op.hits.size).toBe(0)
})

test('start() refuses an authorization endpoint that is a script', async () => {
  op.metadata = { authorization_endpoint: 'javascript:alert(1)' }
  expect(await oidcAt(op).start(freshStart())).toEqual(refused('endpoint-http'))
})

test('finish() does not follow a redirect of the token endpoint, which would carry the secret (SSRF, security.md)', async () => {
  op.on('/token', (_request, response) => void response.writeHead(307, { location: `${op.url}/elsewhere` }).end())
  expect(await callback(op, oidcAt(op))).toEqual(refused('redirect'))
  expect(op.hits.get('/elsewhere')).toBeUndefined()
})

test('finish() does not follow a redirect of the key endpoint (CVE-2026-41413)', async () => {
  op.on('/jwks', (_request, response) => void response.writeHead(302, { location: `${op.url}/elsewhere` }).end())
  expect(await callback(op, oidcAt(op))).toEqual(refused('redirect'))
  expect(op.hits.get('/elsewhere')).toBeUndefined()
})

test('finish() does not follow a redirect of the userinfo endpoint', async () => {
  op.claims = { name: undefined, email: undefined }
  op.on('/userinfo', (_request, response) => void response.writeHead(302, { location: `${op.url}/elsewhere` }).end())
  expect(await callback(op, oidcAt(op))).toEqual(refused('redirect'))
})

test('given endpoints need no discovery', async () => {
  const options = {
    issuer: op.url,
    authorization: `${op.url}/authorize`,
    token: `${op.url}/token`,
    jwks: `${op.url}/jwks`,
    pkce: 'sent',
  }
  expect((await callback(op, oidcAt(op, { options }))).ok).toBe(true)
  expect(op.hits.get('/.well-known/openid-configuration')).toBeUndefined()
})
