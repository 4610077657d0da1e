import { expect, test } from 'vitest'
import { deployment, SOUND } from './support/deployment.ts'
import { deadAddress, service } from './support/machines.ts'

/** Errors and warnings of doctor about one provider, with these settings and this secret. */
async function found(
  kind: string,
  settings: string,
  { origin = 'https://play.example.com', secret = 'a-secret-of-the-test', more = '' } = {},
): Promise<readonly string[]> {
  const { port } = new URL(await deadAddress())
  const provider = `it: { kind: '${kind}', clientId: '1', clientSecret: { secret: 'S' }, ${settings} }`
  const here = deployment({
    ...SOUND,
    'hono.config.ts': `export default {
      origin: '${origin}', upstreams: { game: { url: 'https://game.internal.example' } }, ${more}
      providers: { ${provider} },
    }`,
  })
  const ran = await here.postern('doctor --json', { S: secret, PORT: port })
  const { notes } = JSON.parse(ran.out) as { notes: readonly { area: string; state: string; message: string }[] }
  const about = notes.filter(
    ({ area, state }) => ['provider it', 'secrets', 'config'].includes(area) && !['ok', 'skipped'].includes(state),
  )
  return about.map(
    ({ state, message }) =>
      `${state}: ${message.replace('hono.config.ts: PST501 ', '').replace(' (found in environment)', '')}`,
  )
}

const KEY = '-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n'
const APPLE = "options: { teamId: 'A1B2C3D4E5', keyId: 'F6G7H8I9J0' }"

test('doctor() finds the Secret ID of Microsoft instead of the Value', async () => {
  expect(await found('microsoft', '', { secret: '0f9c8a2e-1111-2222-3333-444455556666' })).toEqual([
    'error: S (36 characters, for providers.it.clientSecret) is the Secret ID: the Value beside it is needed, which is shown only once',
  ])
  expect(await found('microsoft', '', { secret: 'abc8Q~0123456789' })).toEqual([])
})

test('doctor() finds the Public Key and a bot token of Discord instead of the Client Secret', async () => {
  expect(await found('discord', '', { secret: '0a1b'.repeat(16) })).toEqual([
    'error: S (64 characters, for providers.it.clientSecret) is the Public Key: the Client Secret is needed (OAuth2, Reset Secret)',
  ])
  const token = `MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.${'x'.repeat(27)}`
  expect(await found('discord', '', { secret: token })).toEqual([
    'error: S (59 characters, for providers.it.clientSecret) is the token of a bot: the Client Secret is needed (OAuth2, Reset Secret)',
  ])
  expect(await found('discord', '', { secret: 'nGz0uLWnJ_u8VQYc0aGv9XKsNsbpFQ2E' })).toEqual([])
})

test('doctor() finds that the secret of Apple is no private key', async () => {
  expect(await found('apple', APPLE, { secret: 'F6G7H8I9J0' })).toEqual([
    'error: S (10 characters, for providers.it.clientSecret) is no private key: the whole content of the .p8 file is needed',
  ])
  expect(await found('apple', APPLE, { secret: KEY })).toEqual([])
})

test('doctor() finds the JSON file of Google instead of the secret in it', async () => {
  expect(await found('google', '', { secret: '{"web":{}}' })).toEqual([
    'error: S (10 characters, for providers.it.clientSecret) is the JSON file of the console: only its client_secret is needed',
  ])
})

test('doctor() finds a guild named by its name, and a workspace named by its name', async () => {
  expect(await found('discord', "admit: { guild: ['Isle of Ada'] }")).toEqual([
    'error: providers.it.admit.guild.0 must be the id of a server (Developer Mode on, right-click it, Copy Server ID), not "Isle of Ada", which matches nobody',
  ])
  expect(await found('slack', "admit: { workspace: ['isle'] }")).toEqual([
    'error: providers.it.admit.workspace.0 must be the id of a workspace such as T0123ABCD (app.slack.com/client/<id>), not "isle", which matches nobody',
  ])
})

test('doctor() finds an origin that Apple does not take, and leaves doubles of Apple alone', async () => {
  const at = (origin: string) => [
    `error: Apple takes no localhost, no IP address and no plain http, but the origin is ${origin}: use a public https name`,
  ]
  for (const origin of ['http://localhost:8787', 'https://localhost:8787', 'https://203.0.113.7'])
    expect(await found('apple', APPLE, { origin, secret: KEY })).toEqual(at(origin))
  const double = APPLE.replace('{', "{ issuer: 'https://id.example',")
  expect(await found('apple', double, { origin: 'http://localhost:8787', secret: KEY })).toEqual([])
})

test('doctor() finds ids of Apple that have another form', async () => {
  expect(await found('apple', "options: { teamId: 'A1B2C3D4E5', keyId: 'com.example' }", { secret: KEY })).toEqual([
    'warning: options.keyId is "com.example", but Apple\'s have ten characters of A-Z and 0-9',
  ])
})

test('doctor() finds an origin that Slack or Twitch does not take', async () => {
  expect(await found('slack', '', { origin: 'http://localhost:8787' })).toEqual([
    'error: Slack takes https only, but the origin is http://localhost:8787: use an https name',
  ])
  expect(await found('twitch', '', { origin: 'http://127.0.0.1:8787' })).toContain(
    'error: Twitch takes plain http for localhost alone, but the origin is http://127.0.0.1:8787: use localhost, or https',
  )
  expect((await found('twitch', '', { origin: 'http://localhost:8787' })).join()).not.toContain('Twitch takes')
})

test('doctor() warns when scopes of GitHub lose the address', async () => {
  expect(await found('github', "scopes: ['read:user']")).toEqual([
    'warning: scopes lacks user:email, so nobody has an address: add "user:email" to scopes',
  ])
  expect(await found('github', "scopes: ['read:user', 'user:email']")).toEqual([])
})

test('doctor() finds scopes of LinkedIn that are gone', async () => {
  expect(await found('linkedin', "scopes: ['r_liteprofile', 'r_emailaddress']")).toContain(
    'error: the scope r_liteprofile is gone: add the product Sign In with LinkedIn using OpenID Connect, and leave scopes out',
  )
})

test('doctor() finds older scopes of Slack that are mixed with others', async () => {
  expect(await found('slack', "scopes: ['identity.basic', 'users:read']")).toContain(
    'error: scopes mixes identity.basic with others, which Slack refuses: use either these or others',
  )
  expect((await found('slack', "scopes: ['identity.basic', 'identity.email']")).join()).not.toContain('mixes')
})

test('doctor() warns of a subject that changes', async () => {
  const options = (field: string) =>
    `options: { issuer: 'https://f.example', authorization: 'https://f.example/a', token: 'https://f.example/t', userinfo: 'https://f.example/u', 'field.subject': '${field}' }`
  expect(await found('oauth2', options('data.user_name'))).toEqual([
    'warning: options.field.subject is "data.user_name", which sounds like something that changes or is reused: name the permanent number or id',
  ])
  expect(await found('oauth2', options('data.id'))).toEqual([])
})

test('doctor() warns of a key of OAuth 1.0a at X', async () => {
  const [first] = await found('x', "clientId: 'abcdefghijklmnopqrstuvwxy'")
  expect(first).toBe(
    'warning: clientId looks like the API Key of OAuth 1.0a: Client ID and Client Secret of OAuth 2.0 are needed',
  )
  expect((await found('x', "clientId: 'M1M5R3BMVy13QmpScXkzTUt5OE46MTpjaQ'")).join()).not.toContain('1.0a')
})

test('doctor() warns when a client of the web type has no secret', async () => {
  expect(await found('github', 'clientSecret: undefined')).toEqual([
    'warning: clientSecret names no secret: the exchange fails at a client of the web type, which has one',
  ])
})

test('doctor() warns of addresses that count as verified only where the console of Microsoft says so', async () => {
  const told =
    'microsoft counts an address as verified only where the token has xms_edov; switch that optional claim on under Token configuration'
  expect(await found('microsoft', "admit: { emailDomain: ['guild.example'] }")).toEqual([
    `warning: admit.emailDomain may match nobody: ${told}`,
  ])
  const more = "firstAdmins: [{ provider: 'it', email: 'ops@guild.example' }],"
  expect(await found('microsoft', '', { more })).toEqual([`warning: people named by email may match nobody: ${told}`])
  expect(await found('microsoft', '')).toEqual([])
})

test('doctor() says what to write where an issuer does not state PKCE', async () => {
  const url = await service((request, response) => {
    const issuer = `http://${request.headers.host}`
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ issuer, authorization_endpoint: `${issuer}/a`, token_endpoint: `${issuer}/t` }))
  })
  expect(await found('oidc', `options: { issuer: '${url}' }, dangerouslyAllowHttp: true`)).toEqual([
    "error: does not state PKCE with S256 (code_challenge_methods_supported): write pkce: 'sent' in options if it supports it all the same, pkce: 'off' if not",
  ])
})
