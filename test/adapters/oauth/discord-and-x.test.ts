import { afterEach, expect, test } from 'vitest'
import type { ProviderConfig } from '../../../src/ports/config.ts'
import { providerOf } from './support/attack.ts'
import { json } from './support/hostile-op.ts'
import { testRuntime } from './support/runtime.ts'
import { SHAPE_CODE, type Shape, shape } from './support/shapes.ts'
import { finishOf, freshStart } from './support/sign-in.ts'

let running: Shape | null = null
afterEach(async () => {
  await running?.close()
  running = null
})

const NELLY = {
  id: '80351110224678912',
  username: 'nelly',
  global_name: 'Nelly',
  discriminator: '0',
  avatar: '8342729096ea3675442027381ff50dfe',
  verified: true,
  email: 'nelly@guild.example',
}

async function discordShape(user: unknown = NELLY): Promise<Shape> {
  running = await shape('/api/v10/oauth2/token', {
    '/api/v10/users/@me': user,
    '/api/v10/users/@me/guilds': [{ id: '197038439483310086', name: 'Guild' }],
  })
  return running
}

function discordAt(at: Shape, changes: Partial<ProviderConfig> = {}) {
  return providerOf({
    id: 'discord',
    kind: 'discord',
    name: 'Discord',
    clientId: 'client',
    clientSecret: { secret: 'DISCORD_SECRET' },
    scopes: null,
    options: {
      authorization: `${at.url}/oauth2/authorize`,
      token: `${at.url}/api/v10/oauth2/token`,
      userinfo: `${at.url}/api/v10/users/@me`,
    },
    admit: {},
    dangerouslyAllowHttp: true,
    freshness: 'stated' as const,
    timeoutMs: 2000,
    ...changes,
  })
}

function answer(extra: Readonly<Record<string, string>> = {}) {
  const start = freshStart()
  return finishOf(start, new URLSearchParams({ code: SHAPE_CODE, state: start.state, ...extra }))
}

test('discord shows global_name, builds the picture and makes exactly two calls (users.md row 40)', async () => {
  const at = await discordShape()
  expect(await discordAt(at).finish(answer())).toMatchObject({
    ok: true,
    value: {
      identity: {
        subject: '80351110224678912',
        profile: {
          name: 'Nelly',
          email: 'nelly@guild.example',
          emailVerified: true,
          picture: 'https://cdn.discordapp.com/avatars/80351110224678912/8342729096ea3675442027381ff50dfe.png',
        },
      },
    },
  })
  expect(at.asked.map(({ path }) => path)).toEqual(['/api/v10/oauth2/token', '/api/v10/users/@me'])
})

test('discord shows username when there is no global_name, and lives without e-mail and picture (seeds section 5)', async () => {
  const at = await discordShape({ id: '1', username: 'nelly', global_name: null, avatar: null })
  expect(await discordAt(at).finish(answer())).toMatchObject({
    ok: true,
    value: { identity: { profile: { name: 'nelly', email: null, emailVerified: false, picture: null } } },
  })
})

test('discord proves the client by its secret and the sign-in by the PKCE verifier', async () => {
  const at = await discordShape()
  const finish = answer()
  await discordAt(at).finish(finish)
  const [call] = at.asked
  expect(call?.authorization).toBe(`Basic ${btoa('client:secret')}`)
  expect(call?.body.get('code_verifier')).toBe(finish.codeVerifier)
})

test('discord admits members of a guild with one more call', async () => {
  const at = await discordShape()
  expect((await discordAt(at, { admit: { guild: ['197038439483310086'] } }).finish(answer())).ok).toBe(true)
})

test('discord refuses people outside the guild', async () => {
  const at = await discordShape()
  expect(await discordAt(at, { admit: { guild: ['1'] } }).finish(answer())).toEqual({
    ok: false,
    fault: { kind: 'not-admitted', list: 'guild' },
  })
})

test('discord asks for guilds only where a guild list wants them', async () => {
  const at = await discordShape()
  const plain = await discordAt(at).start(freshStart())
  const listed = await discordAt(at, { admit: { guild: ['1'] } }).start(freshStart())
  expect(plain.ok && new URL(plain.value).searchParams.get('scope')).toBe('identify email')
  expect(listed.ok && new URL(listed.value).searchParams.get('scope')).toBe('identify email guilds')
})

test('discord leaves out a prompt that Discord does not know', async () => {
  const url = await discordAt(await discordShape()).start(freshStart({ prompt: 'login' }))
  expect(url.ok && new URL(url.value).searchParams.get('prompt')).toBe(null)
})

test('discord that bans the shared address with an HTML page is left alone for as long as it says (discord-api-docs#7146)', async () => {
  const at = await discordShape()
  at.on(
    '/api/v10/oauth2/token',
    (_request, response) =>
      void response
        .writeHead(429, { 'content-type': 'text/html', 'retry-after': '900' })
        .end('<html>error 1015</html>'),
  )
  const provider = discordAt(at)
  expect(await provider.finish(answer())).toEqual({
    ok: false,
    fault: { kind: 'unavailable', reason: 'rate-limited', retryAfter: 900 },
  })
  expect(await provider.finish(answer())).toMatchObject({
    ok: false,
    fault: { kind: 'unavailable', reason: 'breaker-open' },
  })
  expect(at.hits.get('/api/v10/oauth2/token')).toBe(1)
})

test('discord names the wait in the body where there is no header', async () => {
  const at = await discordShape()
  at.on('/api/v10/users/@me', (_request, response) =>
    json(response, { message: 'You are being rate limited.', retry_after: 64.57, global: false }, 429),
  )
  expect(await discordAt(at).finish(answer())).toEqual({
    ok: false,
    fault: { kind: 'unavailable', reason: 'rate-limited', retryAfter: 65 },
  })
})

test('discord refuses the iss parameter of somebody else: mix-up (RFC 9207)', async () => {
  const at = await discordShape()
  expect(await discordAt(at).finish(answer({ iss: 'https://attacker.example' }))).toEqual({
    ok: false,
    fault: { kind: 'invalid', check: 'iss' },
  })
  expect(at.asked).toEqual([])
})

test('discord keeps a picture hash from leaving its address', async () => {
  const at = await discordShape({ ...NELLY, avatar: '../../evil' })
  expect(await discordAt(at).finish(answer())).toMatchObject({
    ok: true,
    value: { identity: { profile: { picture: null } } },
  })
})

test('x takes the person out of data and sends the PKCE verifier', async () => {
  running = await shape('/2/oauth2/token', {
    '/2/users/me': {
      data: { id: '2244994945', name: 'Ada', username: 'ada', profile_image_url: 'https://pbs.example/a.png' },
    },
  })
  const at = running
  const provider = providerOf({
    id: 'x',
    kind: 'x',
    name: 'X',
    clientId: 'client',
    clientSecret: { secret: 'X_SECRET' },
    scopes: null,
    options: {
      authorization: `${at.url}/i/oauth2/authorize`,
      token: `${at.url}/2/oauth2/token`,
      userinfo: `${at.url}/2/users/me`,
    },
    admit: {},
    dangerouslyAllowHttp: true,
    freshness: 'stated' as const,
    timeoutMs: 2000,
  })
  const url = await provider.start(freshStart())
  expect(url.ok && new URL(url.value).searchParams.get('code_challenge_method')).toBe('S256')
  expect(await provider.finish(answer())).toMatchObject({
    ok: true,
    value: {
      identity: { subject: '2244994945', profile: { name: 'Ada', email: null, picture: 'https://pbs.example/a.png' } },
    },
  })
  expect(at.asked[0]?.body.get('code_verifier')).toMatch(/^[\w-]{43}$/)
})

test('x with the default addresses goes to x.com and api.x.com only', async () => {
  const provider = providerOf({
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
    timeoutMs: 2000,
  })
  const url = await provider.start(freshStart())
  expect(url.ok && new URL(url.value).origin).toBe('https://x.com')
})

test('oauth2 takes fields from where the operator says', async () => {
  running = await shape('/token', {
    '/me': { data: { key: 7, who: { nick: 'Ada' }, mail: 'ada@guild.example', ok: true } },
  })
  const at = running
  const options = {
    issuer: 'https://forum.example',
    authorization: `${at.url}/authorize`,
    token: `${at.url}/token`,
    userinfo: `${at.url}/me`,
    'field.subject': 'data.key',
    'field.name': 'data.who.nick',
    'field.email': 'data.mail',
    'field.emailVerified': 'data.ok',
  }
  const provider = providerOf(
    {
      id: 'forum',
      kind: 'oauth2',
      name: 'Forum',
      clientId: 'c',
      clientSecret: { secret: 'F' },
      scopes: ['me'],
      options,
      admit: {},
      dangerouslyAllowHttp: true,
      freshness: 'stated' as const,
      timeoutMs: 2000,
    },
    testRuntime(),
  )
  expect(await provider.finish(answer())).toMatchObject({
    ok: true,
    value: {
      identity: {
        issuer: 'https://forum.example',
        subject: '7',
        profile: { name: 'Ada', email: 'ada@guild.example', emailVerified: true },
      },
    },
  })
})

test('oauth2 without a subject in the answer signs nobody in', async () => {
  running = await shape('/token', { '/me': { name: 'Ada' } })
  const at = running
  const options = {
    issuer: 'https://forum.example',
    authorization: `${at.url}/authorize`,
    token: `${at.url}/token`,
    userinfo: `${at.url}/me`,
  }
  const provider = providerOf({
    id: 'forum',
    kind: 'oauth2',
    name: 'Forum',
    clientId: 'c',
    clientSecret: { secret: 'F' },
    scopes: ['me'],
    options,
    admit: {},
    dangerouslyAllowHttp: true,
    freshness: 'stated' as const,
    timeoutMs: 2000,
  })
  expect(await provider.finish(answer())).toEqual({ ok: false, fault: { kind: 'invalid', check: 'subject' } })
})

test('oauth2 without its endpoints stops the start and names the option', () => {
  const config = {
    id: 'forum',
    kind: 'oauth2',
    name: 'Forum',
    clientId: 'c',
    clientSecret: null,
    scopes: null,
    options: {},
    admit: {},
    dangerouslyAllowHttp: false,
    freshness: 'stated' as const,
    timeoutMs: 2000,
  }
  expect(() => providerOf(config)).toThrow('provider "forum" (oauth2): options.userinfo is missing')
})
