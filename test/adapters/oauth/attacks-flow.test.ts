import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { callback, oidcAt, refused } from './support/attack.ts'
import { type HostileOp, hostileOp, json } from './support/hostile-op.ts'
import { testRuntime } from './support/runtime.ts'
import { finishOf, freshStart } from './support/sign-in.ts'

let op: HostileOp
beforeAll(async () => {
  op = await hostileOp()
})
beforeEach(() => op.reset())
afterAll(() => op.close())

const down = (reason: string, retryAfter: number | null = null) => ({
  ok: false,
  fault: { kind: 'unavailable', reason, retryAfter },
})

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

test('finish() stops reading a key set of 50 MB', async () => {
  let sent = 0
  op.on('/jwks', (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const chunk = Buffer.alloc(1024 * 1024, 0x20)
    const push = (): void => {
      if (response.destroyed || sent >= 50) return void response.end()
      sent += 1
      if (response.write(chunk)) setImmediate(push)
      else response.once('drain', push)
    }
    push()
  })
  expect(await callback(op, oidcAt(op))).toEqual(down('too-large'))
  expect(sent).toBeLessThan(50)
})

test('finish() does not even begin a body that states 50 MB', async () => {
  op.on(
    '/token',
    (_request, response) =>
      void response.writeHead(200, { 'content-type': 'application/json', 'content-length': '52428800' }).write('{'),
  )
  expect(await callback(op, oidcAt(op))).toEqual(down('too-large'))
})

test('finish() gives up on a provider that never answers', async () => {
  op.on('/token', () => undefined)
  expect(await callback(op, oidcAt(op, { timeoutMs: 150 }))).toEqual(down('timeout'))
})

test('finish() gives up on a body that drips', async () => {
  op.on(
    '/token',
    (_request, response) =>
      void response.writeHead(200, { 'content-type': 'application/json' }).write('{"access_token":'),
  )
  expect(await callback(op, oidcAt(op, { timeoutMs: 150 }))).toEqual(down('timeout'))
})

test('finish() has one time budget for all its calls', async () => {
  const provider = oidcAt(op, { timeoutMs: 300 })
  const slowly = (value: unknown) => (_request: unknown, response: Parameters<typeof json>[0]) =>
    void setTimeout(() => json(response, value), 200)
  op.on(
    '/.well-known/openid-configuration',
    slowly({
      issuer: op.url,
      authorization_endpoint: `${op.url}/a`,
      token_endpoint: `${op.url}/token`,
      jwks_uri: `${op.url}/jwks`,
      code_challenge_methods_supported: ['S256'],
    }),
  )
  op.on('/token', slowly({ access_token: 'at', token_type: 'Bearer', id_token: await op.sign(op.honestClaims()) }))
  expect(await callback(op, provider)).toEqual(down('timeout'))
})

test('finish() calls a provider that answers HTML unavailable', async () => {
  op.on(
    '/token',
    (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>maintenance</h1>'),
  )
  expect(await callback(op, oidcAt(op))).toEqual(down('html'))
})

test('finish() understands 429 with HTML and obeys Retry-After at once (users.md row 40)', async () => {
  op.on(
    '/token',
    (_request, response) =>
      void response.writeHead(429, { 'content-type': 'text/html', 'retry-after': '120' }).end('<h1>1015</h1>'),
  )
  const provider = oidcAt(op)
  expect(await callback(op, provider)).toEqual(down('rate-limited', 120))
  expect(await provider.start(freshStart())).toMatchObject(
    down('breaker-open', expect.any(Number) as unknown as number),
  )
  expect(op.hits.get('/token')).toBe(1)
})

test('finish() calls a provider that answers 500 unavailable', async () => {
  op.on('/token', (_request, response) => json(response, { error: 'boom' }, 500))
  expect(await callback(op, oidcAt(op))).toEqual(down('status-500'))
})

test('finish() calls a provider that cannot be reached unavailable', async () => {
  const runtime = testRuntime()
  const provider = oidcAt(op, { options: { issuer: 'http://127.0.0.1:9' } }, runtime)
  expect(await provider.start(freshStart())).toEqual(down('network'))
})

test('finish() reports what failed to operators, without code, state or token', async () => {
  const runtime = testRuntime()
  op.claims = { aud: 'another-client' }
  await callback(op, oidcAt(op, {}, runtime))
  expect(runtime.observed).toEqual([
    { kind: 'provider-failed', provider: 'guild', step: 'finish', reason: 'invalid: aud' },
  ])
})

test('the breaker opens after five failures and lets one probe through after half a minute', async () => {
  const runtime = testRuntime()
  const provider = oidcAt(op, {}, runtime)
  op.on('/token', (_request, response) => json(response, {}, 503))
  for (let attempt = 0; attempt < 5; attempt += 1) await callback(op, provider)
  expect(await callback(op, provider)).toMatchObject({ ok: false, fault: { reason: 'breaker-open' } })
  expect(op.hits.get('/token')).toBe(5)
  runtime.advance(31)
  const probes = await Promise.all([callback(op, provider), callback(op, provider)])
  expect(op.hits.get('/token')).toBe(6)
  expect(
    probes.filter((probe) => !probe.ok && probe.fault.kind === 'unavailable' && probe.fault.reason === 'breaker-open'),
  ).toHaveLength(1)
})

test('the breaker closes when the probe is answered', async () => {
  const runtime = testRuntime()
  const provider = oidcAt(op, {}, runtime)
  op.on('/token', (_request, response) => json(response, {}, 503))
  for (let attempt = 0; attempt < 5; attempt += 1) await callback(op, provider)
  op.reset()
  runtime.advance(31)
  expect((await callback(op, provider)).ok).toBe(true)
  op.on('/token', (_request, response) => json(response, {}, 503))
  expect(await callback(op, provider)).toEqual(down('status-503'))
  expect((await provider.start(freshStart())).ok).toBe(true)
})

test('forged callbacks never open the breaker', async () => {
  const provider = oidcAt(op)
  for (let attempt = 0; attempt < 8; attempt += 1) await callback(op, provider, { iss: 'https://attacker.example' })
  expect((await callback(op, provider)).ok).toBe(true)
})

test('metadata that cannot be renewed goes on serving as last good', async () => {
  const runtime = testRuntime()
  const provider = oidcAt(op, {}, runtime)
  await provider.start(freshStart())
  runtime.advance(4000)
  op.on('/.well-known/openid-configuration', (_request, response) => json(response, {}, 500))
  expect((await provider.start(freshStart())).ok).toBe(true)
  expect((await provider.start(freshStart())).ok).toBe(true)
  expect(op.hits.get('/.well-known/openid-configuration')).toBe(2)
})

test('metadata that was never there is asked for again only after a pause', async () => {
  const runtime = testRuntime()
  const provider = oidcAt(op, {}, runtime)
  op.on('/.well-known/openid-configuration', (_request, response) => json(response, {}, 500))
  expect((await provider.start(freshStart())).ok).toBe(false)
  expect((await provider.start(freshStart())).ok).toBe(false)
  expect(op.hits.get('/.well-known/openid-configuration')).toBe(1)
  op.reset()
  runtime.advance(11)
  expect((await provider.start(freshStart())).ok).toBe(true)
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

test('an e-mail domain list admits a verified address and nothing that looks like one', async () => {
  const provider = oidcAt(op, { admit: { emailDomain: ['guild.example'] } })
  const no = { ok: false, fault: { kind: 'not-admitted', list: 'emailDomain' } }
  expect((await callback(op, provider)).ok).toBe(true)
  op.claims = { email_verified: false }
  expect(await callback(op, provider)).toEqual(no)
  op.claims = { email: 'eve@evil.example@guild.example' }
  expect(await callback(op, provider)).toEqual(no)
  op.claims = { email: 'eve@sub.guild.example' }
  expect(await callback(op, provider)).toEqual(no)
  op.claims = { email: 'eve@guild.example\u0000.evil.example' }
  expect(await callback(op, provider)).toEqual(no)
})

test('an empty list admits nobody', async () => {
  expect(await callback(op, oidcAt(op, { admit: { emailDomain: [] } }))).toEqual({
    ok: false,
    fault: { kind: 'not-admitted', list: 'emailDomain' },
  })
})

test('a list that no claim of this kind can prove stops the start (CVE-2021-21411)', () => {
  expect(() => oidcAt(op, { admit: { guild: ['1'] } })).toThrow('provider "guild" (oidc): admit.guild is for discord')
})

test('an unknown list stops the start', () => {
  expect(() => oidcAt(op, { admit: { emailDomian: ['guild.example'] } })).toThrow('admit.emailDomian is unknown')
})

test('an unknown kind stops the start', () => {
  expect(() => oidcAt(op, { kind: 'constructor' })).toThrow('kind is one of')
})
