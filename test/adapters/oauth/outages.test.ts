import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { callback, oidcAt } from './support/attack.ts'
import { type HostileOp, hostileOp, json } from './support/hostile-op.ts'
import { testRuntime } from './support/runtime.ts'
import { freshStart } from './support/sign-in.ts'

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

// The call after that one is over before it begins; its failure was nobody's, which ends a process.
test('finish() tells of the time that a discovery spent which has a last good document, and nothing fails unheard', async () => {
  const runtime = testRuntime()
  const provider = oidcAt(op, { timeoutMs: 300 }, runtime)
  expect((await callback(op, provider)).ok).toBe(true)
  runtime.advance(3601)
  op.on('/.well-known/openid-configuration', () => undefined)
  expect(await callback(op, provider)).toEqual(down('timeout'))
  await new Promise((resolve) => setTimeout(resolve, 20))
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
