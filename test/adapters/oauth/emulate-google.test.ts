import { createEmulator, type Emulator } from 'emulate'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeProviders } from '../../../src/adapters/oauth/providers.ts'
import type { ProviderConfig } from '../../../src/ports/config.ts'
import type { Provider } from '../../../src/ports/provider.ts'
import { EMULATE_SECRETS, EMULATED } from './support/emulate-config.ts'
import { testRuntime } from './support/runtime.ts'
import { finishOf, freshStart, pressButton, REDIRECT_URI, signInAt } from './support/sign-in.ts'

let emulator: Emulator
beforeAll(async () => {
  emulator = await createEmulator({ service: 'google', port: 0, seed: EMULATED.google.seed(REDIRECT_URI) })
})
afterAll(async () => emulator.close())

function google(changes: Partial<ProviderConfig> = {}): Provider {
  const config = { ...EMULATED.google.config(emulator.url), ...changes }
  const made = makeProviders([config], (name) => EMULATE_SECRETS[name] ?? '', testRuntime()).get(config.id)
  if (made === undefined) throw new Error('no provider')
  return made
}

test('google proves a person and keeps what sign-out needs', async () => {
  const outcome = await signInAt(google(), 'ada@guild.example')
  expect(outcome).toMatchObject({
    ok: true,
    value: {
      identity: {
        issuer: emulator.url,
        provider: 'google',
        profile: {
          name: 'Ada Example',
          email: 'ada@guild.example',
          emailVerified: true,
          picture: 'https://pictures.example/ada.png',
        },
      },
      idToken: expect.stringMatching(/^ey/),
    },
  })
})

test('google answers the same subject at the second sign-in', async () => {
  const provider = google()
  const first = await signInAt(provider, 'ada@guild.example')
  const second = await signInAt(provider, 'ada@guild.example')
  if (!first.ok || !second.ok) throw new Error('not signed in')
  expect(second.value.identity.subject).toBe(first.value.identity.subject)
})

test('google is asked with state, nonce and an S256 challenge, never with the verifier', async () => {
  const start = freshStart({ loginHint: 'ada@guild.example', prompt: 'select_account' })
  const url = await google().start(start)
  if (!url.ok) throw new Error('no address')
  const asked = new URL(url.value).searchParams
  expect(asked.get('state')).toBe(start.state)
  expect(asked.get('nonce')).toBe(start.nonce)
  expect(asked.get('code_challenge_method')).toBe('S256')
  expect(asked.get('login_hint')).toBe('ada@guild.example')
  expect(asked.get('prompt')).toBe('select_account')
  expect(asked.get('scope')).toBe('openid email profile')
  expect(url.value).not.toContain(start.codeVerifier)
})

test('google refuses a code that is used a second time', async () => {
  const provider = google()
  const start = freshStart()
  const url = await provider.start(start)
  if (!url.ok) throw new Error('no address')
  const parameters = await pressButton(url.value, 'ada@guild.example')
  expect((await provider.finish(finishOf(start, parameters))).ok).toBe(true)
  expect(await provider.finish(finishOf(start, parameters))).toEqual({
    ok: false,
    fault: { kind: 'invalid', check: 'invalid_grant' },
  })
})

test('google refuses a code with the verifier of another sign-in', async () => {
  const provider = google()
  const start = freshStart()
  const url = await provider.start(start)
  if (!url.ok) throw new Error('no address')
  const parameters = await pressButton(url.value, 'ada@guild.example')
  const stolen = { ...finishOf(start, parameters), codeVerifier: freshStart().codeVerifier }
  expect(await provider.finish(stolen)).toEqual({ ok: false, fault: { kind: 'invalid', check: 'invalid_grant' } })
})

test('google with a hosted domain admits its members', async () => {
  const outcome = await signInAt(google({ admit: { hostedDomain: ['guild.example'] } }), 'ada@guild.example')
  expect(outcome.ok).toBe(true)
})

test('google with a hosted domain refuses everybody else and says which list', async () => {
  const outcome = await signInAt(google({ admit: { hostedDomain: ['other.example'] } }), 'ada@guild.example')
  expect(outcome).toEqual({ ok: false, fault: { kind: 'not-admitted', list: 'hostedDomain' } })
})
