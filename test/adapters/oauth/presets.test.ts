import { exportJWK } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { retryAfterSeconds } from '../../../src/adapters/oauth/outbound.ts'
import { makeProviders } from '../../../src/adapters/oauth/providers.ts'
import { seconds } from '../../../src/core/brand.ts'
import { callback, oidcAt, providerOf, refused } from './support/attack.ts'
import { type HostileOp, hostileOp, json } from './support/hostile-op.ts'
import { testRuntime } from './support/runtime.ts'
import { SHAPE_CODE, SHAPE_TOKEN, type Shape, shape } from './support/shapes.ts'
import { finishOf, freshStart } from './support/sign-in.ts'

let op: HostileOp
let running: Shape | null = null
beforeAll(async () => {
  op = await hostileOp()
})
beforeEach(() => op.reset())
afterEach(async () => {
  await running?.close()
  running = null
})
afterAll(() => op.close())

const TENANT = '11111111-2222-3333-4444-555555555555'

function microsoftAt(tenantIssuer: string) {
  const options = {
    issuer: tenantIssuer,
    authorization: `${op.url}/authorize`,
    token: `${op.url}/token`,
    jwks: `${op.url}/jwks`,
  }
  return oidcAt(op, { kind: 'microsoft', options })
}

test('microsoft with a template issuer refuses a token whose issuer names another tenant than tid', async () => {
  op.claims = { iss: `${op.url}/99999999-2222-3333-4444-555555555555/v2.0`, tid: TENANT }
  expect(await callback(op, microsoftAt(`${op.url}/{tenantid}/v2.0`))).toEqual(refused('iss'))
})

test('microsoft refuses a tid that is no GUID', async () => {
  op.claims = { iss: `${op.url}/../v2.0`, tid: '..' }
  expect(await callback(op, microsoftAt(`${op.url}/{tenantid}/v2.0`))).toEqual(refused('tid'))
})

test('microsoft refuses a key that belongs to another issuer than the token', async () => {
  op.jwks = {
    keys: [
      {
        ...(await exportJWK(op.keys.publicKey)),
        kid: 'honest',
        issuer: `${op.url}/99999999-2222-3333-4444-555555555555/v2.0`,
      },
    ],
  }
  op.claims = { iss: `${op.url}/${TENANT}/v2.0`, tid: TENANT }
  expect(await callback(op, microsoftAt(`${op.url}/{tenantid}/v2.0`))).toEqual(refused('key-issuer'))
})

test('microsoft takes a key whose issuer is the template', async () => {
  op.jwks = { keys: [{ ...(await exportJWK(op.keys.publicKey)), kid: 'honest', issuer: `${op.url}/{tenantid}/v2.0` }] }
  op.claims = { iss: `${op.url}/${TENANT}/v2.0`, tid: TENANT }
  expect(await callback(op, microsoftAt(`${op.url}/{tenantid}/v2.0`))).toMatchObject({
    ok: true,
    value: { identity: { issuer: `${op.url}/${TENANT}/v2.0` } },
  })
})

test('microsoft calls an address verified only when xms_edov says so', async () => {
  op.claims = { iss: `${op.url}/${TENANT}/v2.0`, tid: TENANT, xms_edov: true }
  expect(await callback(op, microsoftAt(`${op.url}/{tenantid}/v2.0`))).toMatchObject({
    ok: true,
    value: { identity: { profile: { emailVerified: true } } },
  })
})

test('microsoft with a tenant that is a domain name stops the start and says what it may be', () => {
  expect(() => oidcAt(op, { kind: 'microsoft', options: { tenant: 'guild.example' } })).toThrow(
    "it is the tenant's GUID, common, organizations or consumers",
  )
})

test('slack over OpenID makes the subject of workspace and member', async () => {
  op.claims = { sub: 'U123', 'https://slack.com/team_id': 'T9' }
  const provider = oidcAt(op, { kind: 'slack', admit: { workspace: ['T9'] } })
  expect(await callback(op, provider)).toMatchObject({ ok: true, value: { identity: { subject: 'T9-U123' } } })
})

test('slack over OpenID refuses another workspace', async () => {
  op.claims = { sub: 'U123', 'https://slack.com/team_id': 'T8' }
  const provider = oidcAt(op, { kind: 'slack', admit: { workspace: ['T9'] } })
  expect(await callback(op, provider)).toEqual({ ok: false, fault: { kind: 'not-admitted', list: 'workspace' } })
})

test('slack with the older scopes starts the older flow', async () => {
  const url = await oidcAt(op, { kind: 'slack', options: {}, scopes: ['identity.basic', 'identity.email'] }).start(
    freshStart(),
  )
  const asked = new URL(url.ok ? url.value : 'about:blank')
  expect(`${asked.origin}${asked.pathname}`).toBe('https://slack.com/oauth/v2/authorize')
  expect(asked.searchParams.get('user_scope')).toBe('identity.basic identity.email')
})

/** With an answer of `users.identity` as Slack documents it for the scopes identity.basic, .email, .avatar and .team. */
async function olderSlack(member: string, team: string) {
  const images = { image_24: 'https://cdn.example.com/ada_24.jpg', image_192: 'https://cdn.example.com/ada_192.jpg' }
  const user = { name: 'Ada', id: member, email: 'ada@guild.example', ...images }
  const inner = { ok: true, user, team: { name: 'The Guild', id: team } }
  running = await shape('/token', { '/users.identity': inner })
  running.on('/token', (_request, response) =>
    json(response, { ok: true, authed_user: { id: 'U1', access_token: SHAPE_TOKEN }, team: { id: 'T1' } }),
  )
  const options = {
    flow: 'identity',
    authorization: `${running.url}/a`,
    token: `${running.url}/token`,
    userinfo: `${running.url}/users.identity`,
  }
  return callback(op, oidcAt(op, { kind: 'slack', options }))
}

test('slack in the older flow takes the member the token was issued for', async () => {
  expect(await olderSlack('U1', 'T1')).toMatchObject({ ok: true, value: { identity: { subject: 'T1-U1' } } })
})

test('slack in the older flow reads name, address and picture, and believes no address to be verified', async () => {
  expect(await olderSlack('U1', 'T1')).toMatchObject({
    ok: true,
    value: {
      identity: {
        profile: {
          name: 'Ada',
          email: 'ada@guild.example',
          emailVerified: false,
          picture: 'https://cdn.example.com/ada_192.jpg',
        },
      },
    },
  })
})

test('slack in the older flow refuses the profile of another member', async () => {
  expect(await olderSlack('U2', 'T1')).toEqual(refused('slack-member'))
})

test('slack in the older flow refuses the profile of another workspace', async () => {
  expect(await olderSlack('U1', 'T2')).toEqual(refused('slack-member'))
})

async function githubAt(emails: unknown, status = 200) {
  running = await shape('/token', { '/user': { id: 583231, login: 'octocat', name: null }, '/user/emails': emails })
  const at = running
  if (status !== 200) at.on('/user/emails', (_request, response) => json(response, { message: 'Not Found' }, status))
  const options = { authorization: `${at.url}/authorize`, token: `${at.url}/token`, userinfo: `${at.url}/user` }
  const provider = oidcAt(op, { kind: 'github', options })
  const start = freshStart()
  return provider.finish(finishOf(start, new URLSearchParams({ code: SHAPE_CODE, state: start.state })))
}

test('github takes the primary address only when it is verified', async () => {
  const unverified = [
    { email: 'eve@guild.example', primary: true, verified: false },
    { email: 'eve@evil.example', primary: false, verified: true },
  ]
  expect(await githubAt(unverified)).toMatchObject({
    ok: true,
    value: { identity: { subject: '583231', profile: { name: 'octocat', email: null, emailVerified: false } } },
  })
})

test('github lets people in who gave no access to their addresses', async () => {
  expect(await githubAt([], 404)).toMatchObject({ ok: true, value: { identity: { profile: { email: null } } } })
})

test('apple without a usable private key says so to the operator and shows nothing of it', async () => {
  const runtime = testRuntime()
  const provider = oidcAt(op, { kind: 'apple', options: { issuer: op.url, teamId: 'T', keyId: 'K' } }, runtime)
  expect(await callback(op, provider)).toEqual(refused('apple-private-key'))
  expect(JSON.stringify(runtime.observed)).not.toContain('secret')
})

test('apple without team and key stops the start', () => {
  expect(() => oidcAt(op, { kind: 'apple', options: {} })).toThrow('options.teamId is missing')
})

test('a secret that cannot be read makes this provider unavailable, not the gateway', async () => {
  const config = {
    id: 'guild',
    kind: 'oidc',
    name: 'Guild',
    clientId: 'client',
    clientSecret: { secret: 'MISSING' },
    scopes: null,
    options: { issuer: op.url },
    admit: {},
    dangerouslyAllowHttp: true,
    freshness: 'stated' as const,
    timeoutMs: 2000,
  }
  const secrets = () => {
    throw new Error('MISSING is not set')
  }
  const provider = makeProviders([config], secrets, testRuntime()).get('guild')
  if (provider === undefined) throw new Error('no provider')
  expect(await callback(op, provider)).toEqual({
    ok: false,
    fault: { kind: 'unavailable', reason: 'client-secret', retryAfter: null },
  })
})

test('makeProviders() names all wrong configurations at once', () => {
  const wrong = {
    id: 'a',
    kind: 'oidc',
    name: 'A',
    clientId: 'c',
    clientSecret: null,
    scopes: null,
    options: {},
    admit: {},
    dangerouslyAllowHttp: false,
    freshness: 'stated' as const,
    timeoutMs: 1000,
  }
  const make = () => makeProviders([wrong, { ...wrong, id: 'b', kind: 'apple' }], () => 'secret', testRuntime())
  expect(make).toThrow(
    'provider "a" (oidc): options.issuer is missing\nprovider "b" (apple): options.teamId is missing',
  )
})

test('makeProviders() refuses two providers of one id', () => {
  const config = {
    id: 'x',
    kind: 'x',
    name: 'X',
    clientId: 'c',
    clientSecret: null,
    scopes: null,
    options: {},
    admit: {},
    dangerouslyAllowHttp: false,
    freshness: 'stated' as const,
    timeoutMs: 1000,
  }
  expect(() => makeProviders([config, config], () => 'secret', testRuntime())).toThrow('the id is taken')
})

test('prompt=login asks for auth_time, so that re-authentication can be proven', async () => {
  const url = await oidcAt(op).start(freshStart({ prompt: 'login' }))
  expect(url.ok && new URL(url.value).searchParams.get('max_age')).toBe('0')
})

test.each([
  ['oidc', { issuer: 'https://guild.example' }, 'stated'],
  ['google', {}, 'stated'],
  ['microsoft', {}, 'stated'],
  ['apple', { teamId: 't', keyId: 'k' }, 'stated'],
  ['slack', {}, 'stated'],
  ['slack', { flow: 'identity' }, 'never'],
  ['discord', {}, 'never'],
  ['github', {}, 'never'],
  ['x', {}, 'never'],
  ['facebook', {}, 'never'],
  ['linkedin', {}, 'never'],
  ['twitch', {}, 'never'],
] as const)('%s %o proves presence by what is %s, unless the operator says otherwise', (kind, options, proves) => {
  const provider = (freshness: 'stated' | 'asked' | 'sign-in') =>
    providerOf({
      id: kind,
      kind,
      name: kind,
      clientId: 'c',
      clientSecret: { secret: 'S' },
      scopes: null,
      options,
      admit: {},
      dangerouslyAllowHttp: false,
      freshness,
      timeoutMs: 1000,
    })
  expect(provider('stated').proves).toBe(proves)
  expect(provider('sign-in').proves).toBe('sign-in')
  if (['oidc', 'microsoft', 'facebook'].includes(kind)) expect(provider('asked').proves).toBe('asked')
  else expect(() => provider('asked')).toThrow('this kind has no word to ask with')
})

test('an address override changes who vouches for the account numbers', async () => {
  running = await shape('/token', { '/user': { id: 1, login: 'root' } })
  const at = running
  const provider = providerOf({
    id: 'ghe',
    kind: 'github',
    name: 'GHE',
    clientId: 'c',
    clientSecret: { secret: 'S' },
    scopes: ['read:user'],
    options: { token: `${at.url}/token`, userinfo: `${at.url}/user` },
    admit: {},
    dangerouslyAllowHttp: true,
    freshness: 'stated' as const,
    timeoutMs: 2000,
  })
  const start = freshStart()
  const outcome = await provider.finish(finishOf(start, new URLSearchParams({ code: SHAPE_CODE, state: start.state })))
  expect(outcome).toMatchObject({ ok: true, value: { identity: { issuer: at.url, subject: '1' } } })
})

test('retryAfterSeconds() reads seconds, fractions and dates, and is bounded', () => {
  const now = seconds(1_800_000_000)
  expect(retryAfterSeconds('30', now)).toBe(30)
  expect(retryAfterSeconds('0.3', now)).toBe(1)
  expect(retryAfterSeconds(new Date((now + 90) * 1000).toUTCString(), now)).toBe(90)
  expect(retryAfterSeconds('999999', now)).toBe(3600)
  expect(retryAfterSeconds('soon', now)).toBe(null)
  expect(retryAfterSeconds(null, now)).toBe(null)
})
