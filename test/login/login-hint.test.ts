import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ProviderInput, secret } from '../../src/config/define.ts'
import { type Workbench, workbench } from '../support/gateway.ts'

const POLICIES = {
  'game.yaml':
    'upstream: game\nusers: { defaultRole: player }\nroles:\n  player: { level: 1, permissions: [] }\nrules:\n  - path: /play\n',
}
const VISIT = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const ADA = 'ada+games@players.example'

/** A provider whose endpoints are known, so that nothing is asked for on the way. */
function at(kind: string, options: Readonly<Record<string, string>> = {}): ProviderInput {
  const host = 'https://id.example.com'
  const places = { authorization: `${host}/authorize`, token: `${host}/token` }
  const isOpenId = ['google', 'apple', 'microsoft', 'oidc', 'slack'].includes(kind) && options['flow'] !== 'identity'
  const more: Record<string, string> = isOpenId ? { jwks: `${host}/jwks` } : { userinfo: `${host}/me` }
  const given = { ...places, ...more, ...options }
  return { kind, clientId: 'client', clientSecret: secret('TEST_CLIENT_SECRET'), options: given } as ProviderInput
}

const PROVIDERS: Readonly<Record<string, ProviderInput>> = {
  google: at('google', { pkce: 'sent' }),
  microsoft: at('microsoft'),
  guild: at('oidc', { issuer: 'https://id.example.com', pkce: 'sent' }),
  forum: at('oauth2', { issuer: 'https://id.example.com' }),
  github: at('github'),
  apple: { ...at('apple', { teamId: 'A1B2C3D4E5', keyId: 'F6G7H8I9J0' }), clientSecret: secret('TEST_APPLE_KEY') },
  slack: at('slack'),
  older: at('slack', { flow: 'identity' }),
  discord: at('discord'),
  x: at('x'),
  facebook: at('facebook'),
  linkedin: at('linkedin'),
  twitch: at('twitch'),
}

const TEST_APPLE_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString()
let bench: Workbench
beforeEach(async () => {
  bench = await workbench(POLICIES, { providers: PROVIDERS }, { secrets: { TEST_APPLE_KEY } })
})
afterEach(() => bench.close())

/** What a provider is asked when a start brings this query. */
async function asked(provider: string, query: string): Promise<URLSearchParams> {
  const answer = await bench.request(`/auth/start/${provider}?return_to=%2Fplay${query}`, { headers: VISIT })
  expect([provider, answer.status]).toEqual([provider, 302])
  return new URL(answer.headers.get('location') ?? '').searchParams
}

describe('login_hint', () => {
  test.each([
    ['google', 'login_hint'],
    ['microsoft', 'login_hint'],
    ['guild', 'login_hint'],
    ['forum', 'login_hint'],
    ['github', 'login'],
  ])('is told to %s as %s', async (provider, parameter) => {
    const parameters = await asked(provider, `&login_hint=${encodeURIComponent(ADA)}`)
    expect(parameters.getAll(parameter)).toEqual([ADA])
    expect([...parameters.values()].filter((value) => value === ADA)).toHaveLength(1)
  })

  test.each(['apple', 'slack', 'older', 'discord', 'x', 'facebook', 'linkedin', 'twitch'])(
    'is not told to %s, which documents no parameter for it',
    async (provider) => {
      const parameters = await asked(provider, `&login_hint=${encodeURIComponent(ADA)}`)
      expect(parameters.get('state')).not.toBeNull()
      expect([...parameters.values()].filter((value) => value.includes('ada'))).toEqual([])
    },
  )

  test('is as long as an address can be, and left out when it is longer', async () => {
    const longest = `${'a'.repeat(240)}@players.ex.com`.slice(0, 254)
    expect((await asked('guild', `&login_hint=${longest}`)).get('login_hint')).toBe(longest)
    expect((await asked('guild', `&login_hint=${longest}x`)).has('login_hint')).toBe(false)
    expect((await asked('guild', '&login_hint=%20')).has('login_hint')).toBe(false)
    expect((await asked('guild', '')).has('login_hint')).toBe(false)
  })

  test('adds no parameter of its own making', async () => {
    const parameters = await asked(
      'guild',
      `&login_hint=${encodeURIComponent('a&prompt=none&redirect_uri=https://evil')}`,
    )
    expect(parameters.get('login_hint')).toBe('a&prompt=none&redirect_uri=https://evil')
    expect(parameters.has('prompt')).toBe(false)
    expect(parameters.getAll('redirect_uri')).toEqual(['https://play.example.com/auth/callback/guild'])
  })

  test('is kept by the sign-in page', async () => {
    const address = `/auth/sign-in?return_to=%2Fplay&login_hint=${encodeURIComponent(ADA)}`
    const html = await (await bench.request(address, { headers: VISIT })).text()
    const start = /href="(\/auth\/start\/guild\?[^"]*)"/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const answer = await bench.request(start, { headers: VISIT })
    expect(new URL(answer.headers.get('location') ?? '').searchParams.get('login_hint')).toBe(ADA)
  })

  test('is in nothing that is reported', async () => {
    await asked('guild', `&login_hint=${encodeURIComponent(ADA)}`)
    expect(JSON.stringify(bench.observed)).not.toContain('ada')
  })
})
