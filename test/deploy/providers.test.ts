import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Addresses, ProviderId } from '../../deploy/demo/addresses.ts'
import { CLIENTS, callbackOf } from '../../deploy/demo/clients.ts'
import { PEOPLE } from '../../deploy/demo/people.ts'
import { startProviders } from '../../deploy/demo/providers.ts'
import { freeAddresses, SECRETS } from './loopback.ts'
import { carriedBack, pkce, postedBack, press, redeem, type Walk } from './walk.ts'

let addresses: Addresses
let running: { close(): Promise<void> }

beforeAll(async () => {
  addresses = await freeAddresses()
  running = await startProviders(addresses, SECRETS)
})
afterAll(() => running.close())

function walkAt(
  provider: ProviderId,
  authorize: string,
  scope: string,
  extra: Readonly<Record<string, string>> = {},
): Walk {
  const redirectUri = callbackOf(provider, addresses)
  return { base: addresses.providers[provider], authorize, clientId: CLIENTS[provider].id, redirectUri, scope, extra }
}

function clientForm(provider: ProviderId): Readonly<Record<string, string>> {
  const { id, secretName } = CLIENTS[provider]
  return { client_id: id, client_secret: SECRETS[secretName] ?? '', redirect_uri: callbackOf(provider, addresses) }
}

async function json(response: Response): Promise<Record<string, unknown>> {
  return (await response.json()) as Record<string, unknown>
}

async function discover(issuer: string): Promise<Record<string, string>> {
  return (await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()) as Record<string, string>
}

async function claimsOf(issuer: string, provider: ProviderId, token: unknown): Promise<Record<string, unknown>> {
  const { jwks_uri } = await discover(issuer)
  const keys = createLocalJWKSet((await (await fetch(jwks_uri ?? '')).json()) as JSONWebKeySet)
  const { payload } = await jwtVerify(String(token), keys, {
    issuer,
    audience: CLIENTS[provider].id,
    algorithms: ['RS256'],
  })
  return payload
}

function subjectOf(label: string): string | undefined {
  return PEOPLE.find((person) => person.label === label)?.subject
}

describe('Google', () => {
  const signIn = async (challenge: string, verifier: string): Promise<Response> => {
    const extra = { nonce: 'the-nonce', code_challenge: challenge, code_challenge_method: 'S256' }
    const back = carriedBack(
      await press(walkAt('google', '/o/oauth2/v2/auth', 'openid email profile', extra), 'ada@players.example'),
    )
    expect(back.get('state')).toBe('the-state')
    const url = `${addresses.providers.google}/oauth2/token`
    return redeem(url, { ...clientForm('google'), code: back.get('code') ?? '', code_verifier: verifier })
  }

  test('discovery names its own origin as the issuer', async () => {
    expect((await discover(addresses.providers.google))['issuer']).toBe(addresses.providers.google)
  })

  test('a code with its verifier buys an ID token with the nonce and the steady subject', async () => {
    const { verifier, challenge } = pkce()
    const answer = await json(await signIn(challenge, verifier))
    const claims = await claimsOf(addresses.providers.google, 'google', answer['id_token'])
    expect(claims).toMatchObject({ sub: subjectOf('ada@players.example'), nonce: 'the-nonce', email_verified: true })
  })

  test('a code with another verifier buys nothing', async () => {
    const response = await signIn(pkce().challenge, pkce().verifier)
    expect([response.status, (await json(response))['error']]).toEqual([400, 'invalid_grant'])
  })
})

test('Apple posts the code back and signs the nonce', async () => {
  const base = addresses.providers.apple
  const extra = { nonce: 'the-nonce', response_mode: 'form_post' }
  const back = await postedBack(
    await press(walkAt('apple', '/auth/authorize', 'openid name email', extra), 'pip@players.example'),
  )
  expect(back['state']).toBe('the-state')
  const answer = await json(await redeem(`${base}/auth/token`, { ...clientForm('apple'), code: back['code'] ?? '' }))
  const claims = await claimsOf(base, 'apple', answer['id_token'])
  expect(claims).toMatchObject({ sub: subjectOf('pip@players.example'), nonce: 'the-nonce', email_verified: 'true' })
})

test('Microsoft signs for the issuer of its tenant and checks PKCE', async () => {
  const issuer = `${addresses.providers.microsoft}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0`
  const metadata = await discover(issuer)
  expect(metadata['issuer']).toBe(issuer)
  const { verifier, challenge } = pkce()
  const extra = { nonce: 'the-nonce', code_challenge: challenge, code_challenge_method: 'S256' }
  const back = carriedBack(
    await press(walkAt('microsoft', '/oauth2/v2.0/authorize', 'openid email', extra), 'mika@players.example'),
  )
  const form = { ...clientForm('microsoft'), code: back.get('code') ?? '', code_verifier: verifier }
  const answer = await json(await redeem(metadata['token_endpoint'] ?? '', form))
  const claims = await claimsOf(issuer, 'microsoft', answer['id_token'])
  expect(claims).toMatchObject({ sub: subjectOf('mika@players.example'), nonce: 'the-nonce' })
})

test('GitHub gives a token that reads the user and the verified address', async () => {
  const base = addresses.providers.github
  const back = carriedBack(await press(walkAt('github', '/login/oauth/authorize', 'read:user user:email'), 'max-marek'))
  const answer = await json(
    await redeem(`${base}/login/oauth/access_token`, { ...clientForm('github'), code: back.get('code') ?? '' }),
  )
  const headers = { authorization: `Bearer ${String(answer['access_token'])}` }
  const user = await json(await fetch(`${base}/user`, { headers }))
  expect([String(user['id']), user['name']]).toEqual([subjectOf('max-marek'), 'Max Marek'])
  const [mail] = (await (await fetch(`${base}/user/emails`, { headers })).json()) as Record<string, unknown>[]
  expect(mail).toMatchObject({ email: 'max@players.example', verified: true, primary: true })
})

describe('Slack', () => {
  const toCode = async (extra: Readonly<Record<string, string>> = {}, label = 'tess'): Promise<URLSearchParams> =>
    carriedBack(await press(walkAt('slack', '/openid/connect/authorize', 'openid email', extra), label))
  const tokenUrl = (): string => `${addresses.providers.slack}/api/openid.connect.token`

  test('OpenID: a code buys an ID token with the workspace', async () => {
    const base = addresses.providers.slack
    const code = (await toCode({ nonce: 'the-nonce' })).get('code') ?? ''
    const answer = await json(await redeem(tokenUrl(), { ...clientForm('slack'), code }))
    const claims = await claimsOf(base, 'slack', answer['id_token'])
    const team = { 'https://slack.com/team_id': 'T000000001' }
    expect(claims).toMatchObject({ sub: subjectOf('tess'), nonce: 'the-nonce', email_verified: true, ...team })
  })

  test('a code is good once, and a refusal is 200 with ok false', async () => {
    const code = (await toCode()).get('code') ?? ''
    await redeem(tokenUrl(), { ...clientForm('slack'), code })
    const again = await redeem(tokenUrl(), { ...clientForm('slack'), code })
    expect([again.status, await again.json()]).toEqual([200, { ok: false, error: 'invalid_code' }])
  })

  test('Cancel comes back as access_denied with the state', async () => {
    expect(Object.fromEntries(await toCode({}, 'Cancel'))).toMatchObject({ error: 'access_denied', state: 'the-state' })
  })

  test('the older flow of emulate answers on the same port, with the same person', async () => {
    const base = addresses.providers.slack
    const walk = walkAt('slack', '/oauth/v2/authorize', '', { user_scope: 'users:read' })
    const code = carriedBack(await press(walk, 'tess')).get('code') ?? ''
    const answer = await json(await redeem(`${base}/api/oauth.v2.access`, { ...clientForm('slack'), code }))
    expect(answer).toMatchObject({ ok: true, authed_user: { id: subjectOf('tess') } })
  })
})
