import { afterEach, expect, test } from 'vitest'
import { makeProviders } from '../../../src/adapters/oauth/providers.ts'
import { providerOf } from './support/attack.ts'
import { json } from './support/hostile-op.ts'
import { testRuntime } from './support/runtime.ts'
import { SHAPE_CODE, SHAPE_TOKEN, type Shape, shape } from './support/shapes.ts'
import { finishOf, freshStart, REDIRECT_URI } from './support/sign-in.ts'

type Kind = 'facebook' | 'linkedin' | 'twitch'

let running: Shape | null = null
afterEach(async () => {
  await running?.close()
  running = null
})

const UNTOUCHED = globalThis.fetch

const ANSWERS = {
  facebook: {
    '/me': {
      id: '42',
      name: 'Ada',
      email: 'ada@guild.example',
      picture: { data: { url: 'https://pictures.example/a.jpg' } },
    },
  },
  linkedin: {
    '/me': {
      sub: 'l-42',
      name: 'Ada',
      email: 'ada@guild.example',
      email_verified: true,
      picture: 'https://pictures.example/a.jpg',
    },
  },
  twitch: {
    '/me': {
      data: [
        {
          id: 't-42',
          login: 'ada',
          display_name: 'Ada',
          email: 'ada@guild.example',
          profile_image_url: 'https://pictures.example/a.png',
        },
      ],
    },
  },
} as const

async function started(kind: Kind): Promise<Shape> {
  running = await shape('/token', ANSWERS[kind])
  return running
}

function providerAt(kind: Kind, at: Shape | null, timeoutMs = 2000) {
  const options: Readonly<Record<string, string>> =
    at === null ? {} : { token: `${at.url}/token`, userinfo: `${at.url}/me` }
  return providerOf(
    {
      id: kind,
      kind,
      name: kind,
      clientId: 'client',
      clientSecret: { secret: 'S' },
      scopes: null,
      options,
      admit: {},
      dangerouslyAllowHttp: true,
      freshness: 'stated',
      timeoutMs,
    },
    testRuntime(),
  )
}

function answer(extra: Readonly<Record<string, string>> = {}) {
  const start = freshStart()
  return finishOf(start, new URLSearchParams({ code: SHAPE_CODE, state: start.state, ...extra }))
}

test('facebook proves a person and never calls an address verified', async () => {
  expect(await providerAt('facebook', await started('facebook')).finish(answer())).toMatchObject({
    ok: true,
    value: {
      identity: {
        issuer: 'https://www.facebook.com',
        subject: '42',
        profile: {
          name: 'Ada',
          email: 'ada@guild.example',
          emailVerified: false,
          picture: 'https://pictures.example/a.jpg',
        },
      },
    },
  })
})

test('linkedin proves a person', async () => {
  expect(await providerAt('linkedin', await started('linkedin')).finish(answer())).toMatchObject({
    ok: true,
    value: { identity: { subject: 'l-42', profile: { email: 'ada@guild.example', emailVerified: true } } },
  })
})

test('twitch proves a person', async () => {
  expect(await providerAt('twitch', await started('twitch')).finish(answer())).toMatchObject({
    ok: true,
    value: { identity: { subject: 't-42', profile: { name: 'Ada', email: 'ada@guild.example', emailVerified: true } } },
  })
})

test('facebook starts at its dialog with our state and not one of the package', async () => {
  const start = freshStart()
  const url = await providerAt('facebook', null).start(start)
  const asked = new URL(url.ok ? url.value : 'about:blank')
  expect(`${asked.origin}${asked.pathname}`).toBe('https://www.facebook.com/v18.0/dialog/oauth')
  expect(asked.searchParams.getAll('state')).toEqual([start.state])
  expect(asked.searchParams.get('redirect_uri')).toBe(REDIRECT_URI)
})

test('linkedin starts at its own address with our state', async () => {
  const start = freshStart()
  const url = await providerAt('linkedin', null).start(start)
  const asked = new URL(url.ok ? url.value : 'about:blank')
  expect(`${asked.origin}${asked.pathname}`).toBe('https://www.linkedin.com/oauth/v2/authorization')
  expect(asked.searchParams.getAll('state')).toEqual([start.state])
  expect(asked.searchParams.get('scope')).toBe('openid profile email')
})

test('twitch asks to be signed in anew when a prompt is wished', async () => {
  const url = await providerAt('twitch', null).start(freshStart({ prompt: 'login' }))
  const asked = new URL(url.ok ? url.value : 'about:blank')
  expect(`${asked.origin}${asked.pathname}`).toBe('https://id.twitch.tv/oauth2/authorize')
  expect(asked.searchParams.get('force_verify')).toBe('true')
})

test('the secret and the code leave in a body, and only through our own outbound calls', async () => {
  const at = await started('linkedin')
  await providerAt('linkedin', at).finish(answer())
  const [token, me] = at.asked
  expect(token?.body.get('client_secret')).toBe('secret')
  expect(token?.body.get('code')).toBe(SHAPE_CODE)
  expect([...(token?.query ?? [])]).toEqual([])
  expect(me?.authorization).toBe(`Bearer ${SHAPE_TOKEN}`)
})

test('a callback without state never reaches the package (GHSA-fm3f-ch8h-qw8q)', async () => {
  const at = await started('twitch')
  expect(
    await providerAt('twitch', at).finish(finishOf(freshStart(), new URLSearchParams({ code: SHAPE_CODE }))),
  ).toEqual({
    ok: false,
    fault: { kind: 'invalid', check: 'state' },
  })
  expect(at.asked).toEqual([])
})

test('a callback with a foreign state never reaches the package (DECISIONS 19)', async () => {
  const at = await started('facebook')
  const finish = { ...answer(), state: freshStart().state }
  expect(await providerAt('facebook', at).finish(finish)).toEqual({
    ok: false,
    fault: { kind: 'invalid', check: 'state' },
  })
  expect(at.asked).toEqual([])
})

test('error= ends the sign-in instead of looping (DECISIONS 19)', async () => {
  const start = freshStart()
  const parameters = new URLSearchParams({ error: 'access_denied', error_reason: 'user_denied', state: start.state })
  expect(await providerAt('facebook', null).finish(finishOf(start, parameters))).toEqual({
    ok: false,
    fault: { kind: 'refused', error: 'access_denied' },
  })
})

test('a callback without code ends the sign-in instead of looping', async () => {
  const start = freshStart()
  expect(
    await providerAt('linkedin', null).finish(finishOf(start, new URLSearchParams({ state: start.state }))),
  ).toEqual({
    ok: false,
    fault: { kind: 'invalid', check: 'code' },
  })
})

test('a code that is used a second time is refused', async () => {
  const provider = providerAt('twitch', await started('twitch'))
  expect((await provider.finish(answer())).ok).toBe(true)
  expect(await provider.finish(answer())).toEqual({ ok: false, fault: { kind: 'invalid', check: 'invalid_grant' } })
})

test('a provider that is down is a fault, not an exception of the package', async () => {
  const at = await started('facebook')
  at.on('/me', (_request, response) => json(response, { error: { message: '<b>boom</b>' } }, 503))
  expect(await providerAt('facebook', at).finish(answer())).toEqual({
    ok: false,
    fault: { kind: 'unavailable', reason: 'status-503', retryAfter: null },
  })
})

test('a provider that never answers ends with the time budget', async () => {
  const at = await started('twitch')
  at.on('/token', () => undefined)
  expect(await providerAt('twitch', at, 150).finish(answer())).toEqual({
    ok: false,
    fault: { kind: 'unavailable', reason: 'timeout', retryAfter: null },
  })
})

test('an error text of the provider is not reflected', async () => {
  const at = await started('facebook')
  at.on('/me', (_request, response) => json(response, { error: { message: '<script>alert(1)</script>' } }))
  expect(await providerAt('facebook', at).finish(answer())).toEqual({
    ok: false,
    fault: { kind: 'invalid', check: 'token-error' },
  })
})

test('two people who sign in at the same moment get their own identities', async () => {
  const ada = await shape('/token', { '/me': { sub: 'ada', name: 'Ada' } })
  const eve = await shape('/token', { '/me': { sub: 'eve', name: 'Eve' } })
  const outcomes = await Promise.all([
    providerAt('linkedin', ada).finish(answer()),
    providerAt('linkedin', eve).finish(answer()),
  ])
  await Promise.all([ada.close(), eve.close()])
  expect(outcomes.map((outcome) => outcome.ok && outcome.value.identity.subject)).toEqual(['ada', 'eve'])
})

test('calls of others pass through untouched, and the global fetch is itself again afterwards', async () => {
  const at = await started('linkedin')
  const other = await shape('/token', {})
  const [outcome, passed] = await Promise.all([
    providerAt('linkedin', at).finish(answer()),
    Promise.resolve().then(() =>
      fetch(`${other.url}/token`, { method: 'POST', body: new URLSearchParams({ code: 'not-ours' }) }),
    ),
  ])
  await other.close()
  expect(outcome.ok).toBe(true)
  expect(passed.status).toBe(400)
  expect(globalThis.fetch).toBe(UNTOUCHED)
})

test('a runtime that hands in no realm cannot have these kinds, and says so at the start', () => {
  const config = {
    id: 'twitch',
    kind: 'twitch',
    name: 'Twitch',
    clientId: 'c',
    clientSecret: { secret: 'S' },
    scopes: null,
    options: {},
    admit: {},
    dangerouslyAllowHttp: false,
    freshness: 'stated' as const,
    timeoutMs: 2000,
  }
  expect(() => makeProviders([config], () => 'secret', testRuntime())).toThrow(
    'provider "twitch" (twitch): this runtime handed makeProviders() no realm',
  )
})
