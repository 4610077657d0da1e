import { describe, expect, test } from 'vitest'
import { secret } from '../../src/config/define.ts'
import { parseConfig } from '../../src/config/parse.ts'
import { SMALLEST } from './support/inputs.ts'

/** The problems of a deployment with one provider of this kind. */
function problemsOf(kind: string, settings: Readonly<Record<string, unknown>>, more = {}): readonly string[] {
  const provider = { kind, clientId: '1', clientSecret: secret('A_SECRET'), ...settings }
  const parsed = parseConfig({ ...SMALLEST, ...more, providers: { it: provider } })
  return parsed.ok ? [] : parsed.fault.map(({ path, message }) => `${path.replace(/^providers\.it\./, '')} ${message}`)
}

const OAUTH2 = {
  issuer: 'https://forum.example',
  authorization: 'https://forum.example/authorize',
  token: 'https://forum.example/token',
  userinfo: 'https://forum.example/me',
}

describe('options of a provider', () => {
  test('a misspelt option is a mistake, with the one that was meant', () => {
    expect(problemsOf('oidc', { options: { issuer: 'https://id.example', clientAuht: 'basic' } })).toEqual([
      'options.clientAuht is no option of oidc; did you mean "clientAuth"?',
    ])
  })

  test('an option of no kind is a mistake, with those there are', () => {
    expect(problemsOf('twitch', { options: { revocation: 'https://id.twitch.tv/revoke' } })).toEqual([
      'options.revocation is no option of twitch, which has issuer, authorization, token, userinfo',
    ])
  })

  test('an option that this kind would ignore is a mistake', () => {
    const options = { prompt: 'consent', pkce: 'off', clientAuth: 'basic' }
    const ignored = ['options.prompt', 'options.pkce', 'options.clientAuth'].map(
      (path) => `${path} would be ignored by facebook, which has issuer, authorization, token, userinfo`,
    )
    expect(problemsOf('facebook', { options })).toEqual(ignored)
    expect(problemsOf('linkedin', { options })).toHaveLength(3)
    expect(problemsOf('twitch', { options })).toHaveLength(3)
  })

  test('an option of Object.prototype is a mistake', () => {
    expect(problemsOf('github', { options: { constructor: 'x' } })).toHaveLength(1)
  })

  test('every option of the documentation is taken', () => {
    const openid = {
      issuer: 'https://id.example',
      discovery: 'https://id.example/d',
      authorization: 'https://id.example/a',
      token: 'https://id.example/t',
      jwks: 'https://id.example/j',
    }
    const most = { ...openid, endSession: 'https://id.example/e', prompt: 'select_account', maxAge: '60' }
    const ways = { pkce: 'sent', clientAuth: 'post' }
    expect(problemsOf('google', { options: { ...most, ...ways } })).toEqual([])
    expect(problemsOf('microsoft', { options: { ...most, ...ways, tenant: 'common' } })).toEqual([])
    expect(problemsOf('oidc', { options: { ...most, ...ways, userinfo: 'https://id.example/u' } })).toEqual([])
    expect(problemsOf('apple', { options: { ...openid, teamId: 'A1B2C3D4E5', keyId: 'F6G7H8I9J0' } })).toEqual([])
    expect(problemsOf('slack', { options: { ...openid, ...ways, flow: 'openid' } })).toEqual([])
    expect(problemsOf('slack', { options: { ...OAUTH2, ...ways, flow: 'identity' } })).toEqual([])
    expect(
      problemsOf('discord', { options: { ...OAUTH2, ...ways, guilds: 'https://g.example', prompt: 'none' } }),
    ).toEqual([])
    const github = { ...OAUTH2, ...ways, emails: 'https://g.example', prompt: 'select_account' }
    expect(problemsOf('github', { options: github })).toEqual([])
    expect(problemsOf('x', { options: { ...OAUTH2, clientAuth: 'basic' } })).toEqual([])
    const fields = ['subject', 'name', 'email', 'emailVerified', 'picture'].map((name) => [`field.${name}`, 'a.b'])
    expect(
      problemsOf('oauth2', { options: { ...OAUTH2, ...ways, ...Object.fromEntries(fields), prompt: 'login' } }),
    ).toEqual([])
  })

  test('slack has the options of the flow it is spoken to in', () => {
    const userinfo = { options: { userinfo: 'https://slack.com/api/users.info' } }
    expect(problemsOf('slack', userinfo)[0]).toMatch(/^options\.userinfo would be ignored by slack/)
    expect(problemsOf('slack', { ...userinfo, scopes: ['identity.basic'] })).toEqual([])
    expect(problemsOf('slack', { options: { flow: 'older' } })).toEqual([
      'options.flow must be one of openid, identity, not "older"',
    ])
  })

  test('a word of prompt that the provider lacks is a mistake', () => {
    expect(problemsOf('google', { options: { prompt: 'login' } })).toEqual([
      'options.prompt must be of none, consent, select_account, which is what google understands, not "login"',
    ])
    expect(problemsOf('discord', { options: { prompt: 'consnt' } })[0]).toContain('; did you mean "consent"?')
  })

  test('prompt takes several words, and none by itself alone (OpenID Connect Core section 3.1.2.1)', () => {
    expect(problemsOf('google', { options: { prompt: 'consent select_account' } })).toEqual([])
    expect(problemsOf('google', { options: { prompt: 'none consent' } })).toEqual([
      'options.prompt must be none alone: it forbids what the other words ask for',
    ])
  })

  test('pkce: required is a mistake where no metadata could state it', () => {
    const told = 'options.pkce must be one of sent, off, not "required"'
    for (const kind of ['discord', 'github'])
      expect(problemsOf(kind, { options: { pkce: 'required' } })).toEqual([
        `${told}: ${kind} has no metadata that could state it`,
      ])
    expect(problemsOf('oauth2', { options: { ...OAUTH2, pkce: 'required' } })).toHaveLength(1)
    expect(problemsOf('google', { options: { pkce: 'required' } })).toEqual([])
  })

  test('pkce cannot be turned off at X, which demands it', () => {
    expect(problemsOf('x', { options: { pkce: 'off' } })[0]).toMatch(/^options\.pkce would be ignored by x/)
  })

  test('a wrong word and a wrong number are mistakes', () => {
    expect(problemsOf('google', { options: { clientAuth: 'header', maxAge: '5m' } })).toEqual([
      'options.clientAuth must be one of auto, basic, post, not "header"',
      'options.maxAge must be a whole number of seconds as text, not "5m"',
    ])
  })
})

describe('addresses of a provider', () => {
  test.each([
    'notaurl',
    '/token',
    'id.example/token',
    'https:/id.example',
    'ftp://id.example',
    ' https://id.example',
    '',
  ])('are whole, not %j: a sign-in would fail', (token) => {
    expect(problemsOf('google', { options: { token } })).toEqual([
      `options.token must be an address such as https://id.example.com/token, not "${token}"`,
    ])
  })

  test('hold no password: no runtime calls such an address', () => {
    expect(problemsOf('github', { options: { token: 'https://a:b@id.example/t' } })).toEqual([
      'options.token must be an address without user and password',
    ])
  })

  test.each(['http://id.internal/t', 'http://localhost.attacker.example/t', 'http://127.0.0.1:4000/t'])(
    'are https, not %s, unless said loudly: it is what a sign-in demands',
    (token) => {
      expect(problemsOf('google', { options: { token } })).toEqual([
        'options.token is plain http: use https, or say dangerouslyAllowHttp: true for a double on this machine',
      ])
      expect(problemsOf('google', { options: { token }, dangerouslyAllowHttp: true })).toEqual([])
    },
  )

  test('are each named with their place', () => {
    const wrong = (...names: readonly string[]) => ({ options: Object.fromEntries(names.map((name) => [name, 'x'])) })
    const placed = (kind: string, ...names: readonly string[]) =>
      problemsOf(kind, wrong(...names)).map((line) => line.split(' ', 1)[0]?.replace('options.', ''))
    const openid = ['issuer', 'discovery', 'authorization', 'token', 'jwks', 'userinfo', 'endSession']
    expect(placed('oidc', ...openid)).toEqual(openid)
    expect(placed('discord', 'authorization', 'token', 'userinfo', 'guilds')).toHaveLength(4)
    expect(placed('github', 'authorization', 'token', 'userinfo', 'emails')).toHaveLength(4)
    expect(placed('oauth2', 'authorization', 'token', 'userinfo')).toHaveLength(3)
  })

  test('may hold the template of Microsoft, and the issuer of an API is a name one chooses', () => {
    const issuer = 'https://login.microsoftonline.us/{tenantid}/v2.0'
    expect(problemsOf('microsoft', { options: { issuer } })).toEqual([])
    expect(problemsOf('oauth2', { options: { ...OAUTH2, issuer: 'forum' } })).toEqual([])
  })
})

describe('lists that could let nobody in', () => {
  const mail = { admit: { emailDomain: ['guild.example'] } }
  const issuer = { options: { issuer: 'https://id.example' } }

  test('a list that this kind cannot prove', () => {
    expect(problemsOf('oidc', { ...issuer, admit: { guild: ['1'] } })).toEqual([
      'admit.guild is for discord: oidc can prove no such membership',
    ])
    expect(problemsOf('google', { admit: { workspace: ['T0123'] } })).toHaveLength(1)
    expect(problemsOf('slack', { admit: { tenant: ['9188040d-6c67-4c5b-b112-36a304b66dad'] } })).toHaveLength(1)
    expect(problemsOf('microsoft', { admit: { hostedDomain: ['guild.example'] } })).toHaveLength(1)
  })

  test('domains of providers that never say that an address is verified', () => {
    expect(problemsOf('facebook', mail)).toEqual([
      'admit.emailDomain lets nobody in: facebook does not say whether an address is verified; use a provider that says it',
    ])
    expect(problemsOf('slack', { ...mail, options: { flow: 'identity' } })[0]).toContain('in its older flow')
    expect(problemsOf('slack', mail)).toEqual([])
  })

  test('domains of providers that are not asked for an address', () => {
    const told = (kind: string, scope: string) => [
      `admit.emailDomain lets nobody in: ${kind} gives no address without the scope ${scope}; add "${scope}" to scopes`,
    ]
    expect(problemsOf('x', mail)).toEqual(told('x', 'users.email'))
    expect(problemsOf('x', { ...mail, scopes: ['users.read', 'users.email'] })).toEqual([])
    expect(problemsOf('github', { ...mail, scopes: ['read:user'] })).toEqual(told('github', 'user:email'))
    expect(problemsOf('github', { ...mail, scopes: ['user'] })).toEqual([])
    expect(problemsOf('discord', { ...mail, scopes: ['identify'] })).toEqual(told('discord', 'email'))
    expect(problemsOf('twitch', { ...mail, scopes: [] })).toEqual(told('twitch', 'user:read:email'))
    expect(problemsOf('google', { ...mail, scopes: ['openid'] })).toEqual(told('google', 'email'))
  })

  test('domains of providers that may say it, depending on their console, are no mistake', () => {
    expect(problemsOf('microsoft', mail)).toEqual([])
    expect(problemsOf('oauth2', { ...mail, options: OAUTH2 })).toEqual([])
    expect(problemsOf('oidc', { ...mail, ...issuer, scopes: ['openid'] })).toEqual([])
  })

  test('a guild list without the scope that lists guilds', () => {
    const admit = { guild: ['157730590492196864'] }
    expect(problemsOf('discord', { admit, scopes: ['identify', 'email'] })).toEqual([
      'admit.guild lets nobody in: discord lists no servers without the scope guilds; add "guilds" to scopes',
    ])
    expect(problemsOf('discord', { admit, scopes: ['identify', 'guilds'] })).toEqual([])
    expect(problemsOf('discord', { admit })).toEqual([])
  })

  test('a tenant that cannot sign in', () => {
    const [mine, other] = ['11111111-2222-3333-4444-55555555555a', '99999999-2222-3333-4444-555555555555']
    const admit = { tenant: [mine] }
    expect(problemsOf('microsoft', { admit, options: { tenant: other } })).toEqual([
      `admit.tenant lets nobody in: options.tenant "${other}" signs in people of ${other} alone`,
    ])
    expect(problemsOf('microsoft', { admit, options: { tenant: 'consumers' } })).toHaveLength(1)
    expect(problemsOf('microsoft', { admit, options: { tenant: mine.toUpperCase() } })).toEqual([])
    expect(problemsOf('microsoft', { admit, options: { tenant: 'organizations' } })).toEqual([])
  })

  test('values that are a name where an id is compared', () => {
    expect(problemsOf('discord', { admit: { guild: ['Isle of Ada'] } })).toEqual([
      'admit.guild.0 must be the id of a server (Developer Mode on, right-click it, Copy Server ID), not "Isle of Ada", which matches nobody',
    ])
    expect(problemsOf('slack', { admit: { workspace: ['T0123', 'guild-example'] } })).toEqual([
      'admit.workspace.1 must be the id of a workspace such as T0123ABCD (app.slack.com/client/<id>), not "guild-example", which matches nobody',
    ])
    expect(problemsOf('microsoft', { admit: { tenant: ['guild.example'] } })[0]).toMatch(
      /^admit\.tenant\.0 must be the GUID of a tenant/,
    )
  })

  test('domains that no address can have', () => {
    for (const domain of [
      '@guild.example',
      'ada@guild.example',
      '*.guild.example',
      '.guild.example',
      'https://guild.example',
    ])
      expect(problemsOf('google', { admit: { emailDomain: [domain] } })).toEqual([
        `admit.emailDomain.0 must be a domain such as example.com, what follows the @ of an address; subdomains one by one, not "${domain}", which matches nobody`,
      ])
    expect(problemsOf('google', { admit: { hostedDomain: ['gmail.com'] } })).toEqual([
      'admit.hostedDomain.0 must be the domain of a Workspace such as example.com; personal accounts have none, not "gmail.com", which matches nobody',
    ])
  })

  test('people who are named by an address that is never verified', () => {
    const person = { provider: 'it', email: 'ops@guild.example' }
    const told =
      'can match nobody: facebook does not say whether an address is verified; write subject instead of email'
    const more = { firstAdmins: [person], people: [{ ...person, roles: ['player'] }] }
    expect(problemsOf('facebook', {}, more)).toEqual([`firstAdmins.0.email ${told}`, `people.0.email ${told}`])
    expect(problemsOf('facebook', {}, { firstAdmins: [{ provider: 'it', subject: '1' }] })).toEqual([])
    expect(problemsOf('google', {}, more)).toEqual([])
  })
})
