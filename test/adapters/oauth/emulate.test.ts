import { createEmulator, type Emulator } from 'emulate'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeProviders } from '../../../src/adapters/oauth/providers.ts'
import type { ProviderConfig } from '../../../src/ports/config.ts'
import type { Provider } from '../../../src/ports/provider.ts'
import { EMULATE_SECRETS, EMULATED } from './support/emulate-config.ts'
import { type TestRuntime, testRuntime } from './support/runtime.ts'
import { finishOf, freshStart, pressButton, REDIRECT_URI, signInAt } from './support/sign-in.ts'

type Service = keyof typeof EMULATED
const running = new Map<Service, Emulator>()

beforeAll(async () => {
  for (const service of ['apple', 'slack', 'github', 'microsoft'] as const) {
    running.set(service, await createEmulator({ service, port: 0, seed: EMULATED[service].seed(REDIRECT_URI) }))
  }
})
afterAll(async () => {
  await Promise.all([...running.values()].map((emulator) => emulator.close()))
})

function urlOf(service: Service): string {
  return running.get(service)?.url ?? ''
}

function emulated(
  service: Service,
  changes: Partial<ProviderConfig> = {},
  runtime: TestRuntime = testRuntime(),
): Provider {
  const config = { ...EMULATED[service].config(urlOf(service)), ...changes }
  const made = makeProviders([config], (name) => EMULATE_SECRETS[name] ?? '', runtime).get(config.id)
  if (made === undefined) throw new Error('no provider')
  return made
}

test('apple comes back as a form post and gives the name only the first time', async () => {
  const provider = emulated('apple')
  const first = await signInAt(provider, 'ada@icloud.example')
  const second = await signInAt(provider, 'ada@icloud.example')
  expect(provider.formPost).toBe(true)
  expect(first).toMatchObject({
    ok: true,
    value: {
      identity: {
        issuer: urlOf('apple'),
        profile: { name: 'Ada Example', email: 'ada@icloud.example', emailVerified: true, picture: null },
      },
      authTime: expect.any(Number),
    },
  })
  expect(second).toMatchObject({ ok: true, value: { identity: { profile: { name: null } } } })
})

test('apple is proven to by a client secret signed with the key of the developer account', async () => {
  const runtime = testRuntime()
  const bodies: string[] = []
  const spying = {
    ...runtime,
    fetch: (url: string, init?: RequestInit) => {
      bodies.push(String(init?.body ?? ''))
      return runtime.fetch(url, init)
    },
  }
  const outcome = await signInAt(emulated('apple', {}, spying), 'ada@icloud.example')
  const secret = new URLSearchParams(bodies.find((body) => body.includes('client_secret'))).get('client_secret') ?? ''
  expect(outcome.ok).toBe(true)
  expect(decodeProtectedHeader(secret)).toEqual({ alg: 'ES256', kid: 'KEY0000001' })
  expect(decodeJwt(secret)).toMatchObject({ iss: 'TEAM000001', sub: 'postern-test', aud: urlOf('apple') })
})

test('apple believes nothing of the unsigned user field but the name', async () => {
  const provider = emulated('apple')
  const start = freshStart()
  const url = await provider.start(start)
  if (!url.ok) throw new Error('no address')
  const parameters = await pressButton(url.value, 'testuser@icloud.com')
  parameters.delete('user')
  const forged = JSON.stringify({
    email: 'admin@victim.example',
    name: { firstName: 'Eve', lastName: '\u202eroot' },
    sub: 'other',
  })
  const outcome = await provider.finish(finishOf(start, parameters, forged))
  expect(outcome).toMatchObject({
    ok: true,
    value: { identity: { profile: { name: 'Eve  root', email: 'testuser@icloud.com' } } },
  })
})

test('microsoft proves a person of its tenant and leaves the address unverified (nOAuth)', async () => {
  const outcome = await signInAt(emulated('microsoft'), 'ada@outlook.example')
  expect(outcome).toMatchObject({
    ok: true,
    value: { identity: { profile: { name: 'Ada Example', email: 'ada@outlook.example', emailVerified: false } } },
  })
})

test('microsoft with an e-mail domain list refuses an address that nobody verified (nOAuth)', async () => {
  const outcome = await signInAt(
    emulated('microsoft', { admit: { emailDomain: ['outlook.example'] } }),
    'ada@outlook.example',
  )
  expect(outcome).toEqual({ ok: false, fault: { kind: 'not-admitted', list: 'emailDomain' } })
})

test('microsoft with a template issuer takes the tenant from the token and lists may ask for it', async () => {
  const url = urlOf('microsoft')
  const tenant = '9188040d-6c67-4c5b-b112-36a304b66dad'
  const options = {
    issuer: `${url}/{tenantid}/v2.0`,
    authorization: `${url}/oauth2/v2.0/authorize`,
    token: `${url}/oauth2/v2.0/token`,
    jwks: `${url}/discovery/v2.0/keys`,
  }
  const member = await signInAt(emulated('microsoft', { options, admit: { tenant: [tenant] } }), 'ada@outlook.example')
  const stranger = await signInAt(
    emulated('microsoft', { options, admit: { tenant: ['other'] } }),
    'ada@outlook.example',
  )
  expect(member).toMatchObject({ ok: true, value: { identity: { issuer: `${url}/${tenant}/v2.0` } } })
  expect(stranger).toEqual({ ok: false, fault: { kind: 'not-admitted', list: 'tenant' } })
})

test('microsoft ends its own session at the stated endpoint', async () => {
  const url = await emulated('microsoft').endSession('the-id-token', 'http://localhost:8787/auth/signed-out')
  const asked = new URL(url ?? '')
  expect(asked.pathname).toBe('/oauth2/v2.0/logout')
  expect(asked.searchParams.get('id_token_hint')).toBe('the-id-token')
  expect(asked.searchParams.get('post_logout_redirect_uri')).toBe('http://localhost:8787/auth/signed-out')
})

test('github proves the account number and the verified primary address', async () => {
  const outcome = await signInAt(emulated('github'), 'ada@guild.example')
  expect(outcome).toMatchObject({
    ok: true,
    value: {
      identity: {
        issuer: urlOf('github'),
        subject: expect.stringMatching(/^\d+$/),
        profile: { name: 'Ada Example', email: 'ada@guild.example', emailVerified: true },
      },
      idToken: null,
    },
  })
})

test('github refuses a code that is used a second time, which it reports with status 200', async () => {
  const provider = emulated('github')
  const start = freshStart()
  const url = await provider.start(start)
  if (!url.ok) throw new Error('no address')
  const parameters = await pressButton(url.value, 'ada@guild.example')
  await provider.finish(finishOf(start, parameters))
  expect(await provider.finish(finishOf(start, parameters))).toEqual({
    ok: false,
    fault: { kind: 'invalid', check: 'invalid_grant' },
  })
})

test('slack proves workspace and member through the older user scopes', async () => {
  const outcome = await signInAt(emulated('slack'), 'ada@guild.example')
  expect(outcome).toMatchObject({
    ok: true,
    value: {
      identity: {
        subject: expect.stringMatching(/^T000000001-U\w+$/),
        profile: { name: 'Ada Example', email: 'ada@guild.example' },
      },
    },
  })
})

test('slack with a workspace list admits its members and refuses everybody else', async () => {
  const member = await signInAt(emulated('slack', { admit: { workspace: ['T000000001'] } }), 'ada@guild.example')
  const stranger = await signInAt(emulated('slack', { admit: { workspace: ['T999999999'] } }), 'ada@guild.example')
  expect(member.ok).toBe(true)
  expect(stranger).toEqual({ ok: false, fault: { kind: 'not-admitted', list: 'workspace' } })
})

test('slack refuses a code that is used a second time', async () => {
  const provider = emulated('slack')
  const start = freshStart()
  const url = await provider.start(start)
  if (!url.ok) throw new Error('no address')
  const parameters = await pressButton(url.value, 'ada@guild.example')
  await provider.finish(finishOf(start, parameters))
  expect(await provider.finish(finishOf(start, parameters))).toEqual({
    ok: false,
    fault: { kind: 'invalid', check: 'invalid_grant' },
  })
})

test('github names a wrong secret for the operator, which GitHub reports with status 200', async () => {
  const provider = emulated('github', { clientSecret: { secret: 'EMULATE_APPLE_KEY' } })
  const outcome = await signInAt(provider, 'ada@guild.example')
  expect(outcome).toEqual({ ok: false, fault: { kind: 'invalid', check: 'invalid_client' } })
})

test('slack names a wrong secret for the operator, which Slack reports with status 200', async () => {
  const provider = emulated('slack', { clientSecret: { secret: 'EMULATE_APPLE_KEY' } })
  const outcome = await signInAt(provider, 'ada@guild.example')
  expect(outcome).toEqual({ ok: false, fault: { kind: 'invalid', check: 'invalid_client' } })
})
