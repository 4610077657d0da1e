import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Provider, ProviderStart } from '../../../src/ports/provider.ts'
import { callback, oidcAt } from './support/attack.ts'
import { type HostileOp, hostileOp, json } from './support/hostile-op.ts'
import { testRuntime } from './support/runtime.ts'
import { SHAPE_CODE, type Shape, shape } from './support/shapes.ts'
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

/** What a sign-in asks of the provider, by name. */
async function asked(provider: Provider, wish: Partial<ProviderStart> = {}): Promise<URLSearchParams> {
  const url = await provider.start(freshStart(wish))
  if (!url.ok) throw new Error(JSON.stringify(url.fault))
  return new URL(url.value).searchParams
}

function withOptions(options: Readonly<Record<string, string>>, kind = 'oidc'): Provider {
  return oidcAt(op, { kind, options: { issuer: op.url, ...options } })
}

test('options.prompt is sent with every sign-in, one word or several', async () => {
  expect((await asked(withOptions({ prompt: 'select_account' }))).get('prompt')).toBe('select_account')
  const both = withOptions({ prompt: 'consent select_account' }, 'google')
  expect((await asked(both)).get('prompt')).toBe('consent select_account')
  expect((await asked(withOptions({}))).get('prompt')).toBe(null)
})

test('options.prompt gives way to what one sign-in wishes', async () => {
  expect((await asked(withOptions({ prompt: 'consent' }), { prompt: 'login' })).get('prompt')).toBe('login')
})

test('options.prompt of an OAuth 2 kind is sent', async () => {
  const provider = oidcAt(op, { kind: 'discord', options: { prompt: 'none' } })
  expect((await asked(provider)).get('prompt')).toBe('none')
})

test('options.pkce off sends neither challenge nor verifier', async () => {
  let body = new URLSearchParams()
  op.on('/token', (request, response) => {
    body = request.body
    json(response, { error: 'invalid_grant' }, 400)
  })
  const provider = withOptions({ pkce: 'off' })
  const parameters = await asked(provider)
  await callback(op, provider)
  expect([parameters.has('code_challenge'), parameters.has('code_challenge_method')]).toEqual([false, false])
  expect([body.get('code'), body.has('code_verifier')]).toEqual(['the-code', false])
})

test('options.pkce off of an OAuth 2 kind sends neither challenge nor verifier', async () => {
  running = await shape('/token', { '/user': { id: 7, login: 'ada' } })
  const addresses = {
    authorization: `${running.url}/a`,
    token: `${running.url}/token`,
    userinfo: `${running.url}/user`,
  }
  const provider = oidcAt(op, { kind: 'github', scopes: ['read:user'], options: { ...addresses, pkce: 'off' } })
  const start = freshStart()
  const outcome = await provider.finish(finishOf(start, new URLSearchParams({ code: SHAPE_CODE, state: start.state })))
  expect((await asked(provider)).has('code_challenge')).toBe(false)
  expect([outcome.ok, running.asked[0]?.body.has('code_verifier')]).toEqual([true, false])
})

test('options.pkce required of an OAuth 2 kind stops the start', () => {
  expect(() => oidcAt(op, { kind: 'github', options: { pkce: 'required' } })).toThrow(
    'options.pkce is "required"; it is one of sent, off',
  )
})

test('options.discovery is where the document is read, and its issuer must still be the one given', async () => {
  const metadata = {
    issuer: op.url,
    authorization_endpoint: `${op.url}/moved`,
    code_challenge_methods_supported: ['S256'],
  }
  op.on('/elsewhere', (_request, response) => json(response, metadata))
  const provider = withOptions({ discovery: `${op.url}/elsewhere` })
  const url = await provider.start(freshStart())
  expect(url.ok && new URL(url.value).pathname).toBe('/moved')
  expect(op.hits.get('/.well-known/openid-configuration')).toBe(undefined)
  op.on('/elsewhere', (_request, response) => json(response, { ...metadata, issuer: 'https://other.example' }))
  expect((await withOptions({ discovery: `${op.url}/elsewhere` }).start(freshStart())).ok).toBe(false)
})

test('options.endSession is where people are sent to sign out', async () => {
  op.metadata = { end_session_endpoint: `${op.url}/stated` }
  const back = 'https://play.example.com/auth/signed-out'
  const stated = await withOptions({}).endSession('the-id-token', back)
  const given = new URL((await withOptions({ endSession: `${op.url}/bye` }).endSession('the-id-token', back)) ?? '')
  expect(new URL(stated ?? '').pathname).toBe('/stated')
  expect([given.pathname, given.searchParams.get('post_logout_redirect_uri')]).toEqual(['/bye', back])
})

test('options.clientAuth decides where the secret is', async () => {
  const proofs: (readonly [string | undefined, string | null])[] = []
  op.on('/token', ({ headers, body }, response) => {
    proofs.push([headers.authorization?.split(' ')[0], body.get('client_secret')])
    json(response, { error: 'invalid_client' }, 401)
  })
  await callback(op, withOptions({ clientAuth: 'basic' }))
  await callback(op, withOptions({ clientAuth: 'post' }))
  expect(proofs).toEqual([
    ['Basic', null],
    [undefined, 'secret'],
  ])
})

test('options.guilds is where discord is asked for the servers of a person', async () => {
  running = await shape('/token', { '/me': { id: '7', username: 'ada' }, '/servers': [{ id: '197038439483310086' }] })
  const { url } = running
  const options = { token: `${url}/token`, userinfo: `${url}/me`, guilds: `${url}/servers` }
  const provider = oidcAt(op, { kind: 'discord', options, admit: { guild: ['197038439483310086'] } })
  const start = freshStart()
  const outcome = await provider.finish(finishOf(start, new URLSearchParams({ code: SHAPE_CODE, state: start.state })))
  expect([outcome.ok, running.asked.map(({ path }) => path)]).toEqual([true, ['/token', '/me', '/servers']])
})

/** A sign-in at X whose profile has a confirmed address; the fields that were asked for. */
async function signInAtX(scopes: readonly string[] | null) {
  const user = { id: '7', name: 'Ada', username: 'ada', confirmed_email: 'ada@guild.example' }
  const asked: string[] = []
  const fetched = await shape('/token', { '/me': { data: user } })
  running = fetched
  const made = testRuntime()
  const through = {
    ...made,
    fetch: (url: string, init?: RequestInit) => {
      const target = new URL(url)
      if (target.origin !== 'https://api.x.com') return made.fetch(url, init)
      asked.push(target.searchParams.get('user.fields') ?? '')
      return made.fetch(`${fetched.url}/me`, init)
    },
  }
  const provider = oidcAt(op, { kind: 'x', options: { token: `${fetched.url}/token` }, scopes }, through)
  const start = freshStart()
  const outcome = await provider.finish(finishOf(start, new URLSearchParams({ code: SHAPE_CODE, state: start.state })))
  return { asked, outcome }
}

test('x asks for the confirmed address only with the scope users.email', async () => {
  const plain = await signInAtX(null)
  await running?.close()
  const mail = await signInAtX(['users.read', 'tweet.read', 'users.email'])
  expect([...plain.asked, ...mail.asked]).toEqual(['profile_image_url', 'profile_image_url,confirmed_email'])
  expect(mail.outcome).toMatchObject({
    ok: true,
    value: { identity: { profile: { email: 'ada@guild.example', emailVerified: true } } },
  })
})

test('one hosted domain is a hint for the account chooser of google, several are none', async () => {
  const at = (...hostedDomain: string[]) => oidcAt(op, { kind: 'google', admit: { hostedDomain } })
  expect((await asked(at('guild.example'))).get('hd')).toBe('guild.example')
  expect((await asked(at('guild.example', 'tavern.example'))).has('hd')).toBe(false)
})

test('one workspace is a hint for slack in both flows, several are none', async () => {
  const at = (...workspace: string[]) => oidcAt(op, { kind: 'slack', admit: { workspace } })
  const older = oidcAt(op, { kind: 'slack', options: { flow: 'identity' }, admit: { workspace: ['T0123'] } })
  expect((await asked(at('T0123'))).get('team')).toBe('T0123')
  expect((await asked(at('T0123', 'T0456'))).has('team')).toBe(false)
  expect((await asked(older)).get('team')).toBe('T0123')
})

test('a hint is no proof: a person of another hosted domain or workspace is refused', async () => {
  const google = oidcAt(op, { kind: 'google', admit: { hostedDomain: ['guild.example'] } })
  expect(await callback(op, google)).toEqual({ ok: false, fault: { kind: 'not-admitted', list: 'hostedDomain' } })
  op.claims = { hd: 'tavern.example' }
  expect((await callback(op, google)).ok).toBe(false)
  op.claims = { hd: 'Guild.Example' }
  expect((await callback(op, google)).ok).toBe(true)
})

test('a tenant list takes a GUID in either case, and the token decides', async () => {
  const [mine, other] = ['11111111-2222-3333-4444-5555555555aa', '99999999-2222-3333-4444-555555555555']
  const options = {
    issuer: `${op.url}/{tenantid}/v2.0`,
    authorization: `${op.url}/a`,
    token: `${op.url}/token`,
    jwks: `${op.url}/jwks`,
  }
  const provider = oidcAt(op, { kind: 'microsoft', options, admit: { tenant: [mine.toUpperCase()] } })
  op.claims = { iss: `${op.url}/${mine}/v2.0`, tid: mine }
  expect((await callback(op, provider)).ok).toBe(true)
  op.claims = { iss: `${op.url}/${other}/v2.0`, tid: other }
  expect(await callback(op, provider)).toEqual({ ok: false, fault: { kind: 'not-admitted', list: 'tenant' } })
})
