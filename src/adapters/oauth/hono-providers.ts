import { facebookAuth } from '@hono/oauth-providers/facebook'
import { linkedinAuth } from '@hono/oauth-providers/linkedin'
import { twitchAuth } from '@hono/oauth-providers/twitch'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { type AuthorizationServer, validateAuthResponse } from 'oauth4webapi'
import type { ProviderStart } from '../../ports/provider.ts'
import { type Adapter, publicClaims } from './adapter.ts'
import type { SecretReader } from './client-auth.ts'
import type { Person } from './oauth2.ts'
import { subjectText } from './oauth2-presets.ts'
import { type Outbound, readJson } from './outbound.ts'
import { interceptingFetch, packageHandle, type Realm } from './package-fetch.ts'
import { profileOf } from './profile.ts'
import { requiredRealm, requiredSecret, type Setup } from './setup.ts'
import { invalid } from './trouble.ts'

/** What the package's middleware is made from; the secret is always a stand-in. */
interface PackageCall {
  readonly clientId: string
  readonly secret: string
  readonly redirectUri: string
  readonly scopes: readonly string[]
  readonly state: string
  readonly force: 'yes' | 'no'
}

interface PackagePlan {
  readonly issuer: string
  readonly scopes: readonly string[]
  readonly middleware: (call: PackageCall) => MiddlewareHandler
  readonly user: (context: Context) => unknown
  readonly isTokenCall: (url: URL) => boolean
  /** Parameters that ask for a new proof of presence. */
  readonly again: Readonly<Record<string, string>>
  /** Whether these make the person prove who they are, and not only agree once more. */
  readonly proof: 'can' | 'cannot'
  readonly person: (user: Readonly<Record<string, unknown>>, http: 'refuse' | 'allow') => Person
}

/** Where the package believes to be; no request ever goes there. */
const PLACE = 'https://postern.invalid/callback'

/** The address the package would redirect to, with our state and not its own. */
async function startAddress(
  plan: PackagePlan,
  setup: Setup,
  scopes: readonly string[],
  start: ProviderStart,
): Promise<string> {
  const force = start.prompt === null ? 'no' : 'yes'
  const call: PackageCall = {
    clientId: setup.config.clientId,
    secret: 'unused',
    redirectUri: start.redirectUri,
    scopes,
    state: start.state,
    force,
  }
  const app = new Hono()
  app.use('/callback', plan.middleware(call))
  const location = (await app.request(PLACE)).headers.get('location')
  const asked = URL.parse(location ?? '')
  if (asked === null) throw invalid('authorization-endpoint')
  const url = URL.parse(setup.config.options['authorization'] ?? `${asked.origin}${asked.pathname}`)
  if (url === null) throw invalid('authorization-endpoint')
  for (const [name, value] of asked.searchParams) url.searchParams.set(name, value)
  url.searchParams.set('state', start.state)
  if (force === 'yes') for (const [name, value] of Object.entries(plan.again)) url.searchParams.set(name, value)
  return url.href
}

interface Exchange {
  readonly plan: PackagePlan
  readonly setup: Setup
  readonly outbound: Outbound
  readonly secret: SecretReader
  readonly realm: Realm
  readonly handle: string
  readonly code: string
}

/** Sends what the package wanted to send, with the real values, through our bounded outbound calls. */
function interceptor(exchange: Exchange): (url: URL, init: RequestInit) => Promise<Response> {
  const { plan, setup, outbound, handle, code } = exchange
  const { options } = setup.config
  let accessToken: string | null = null

  async function token(url: URL, init: RequestInit): Promise<Response> {
    const form = new URLSearchParams(typeof init.body === 'string' ? init.body : url.searchParams)
    form.set('code', code)
    form.set('client_secret', await exchange.secret())
    const target = options['token'] ?? `${url.origin}${url.pathname}`
    const headers = { accept: 'application/json' }
    // WHY: as a form, wherever the package put it; addresses end up in logs, bodies do not (RFC 6749 section 2.3.1).
    const response = await outbound.fetch(target, { method: 'POST', headers, body: form })
    const answer = await readJson(response)
    const { access_token: given } = (typeof answer === 'object' && answer !== null ? answer : {}) as {
      readonly access_token?: unknown
    }
    if (!response.ok || typeof given !== 'string' || given === '')
      throw invalid(response.ok ? 'access_token' : 'invalid_grant')
    accessToken = given
    return Response.json({ access_token: handle, token_type: 'bearer', expires_in: 3600 })
  }

  async function api(url: URL, init: RequestInit): Promise<Response> {
    if (accessToken === null) throw invalid('access_token')
    const target = new URL(options['userinfo'] ?? `${url.origin}${url.pathname}`)
    const headers = new Headers(init.headers)
    headers.set('accept', 'application/json')
    for (const [name, value] of url.searchParams) if (name !== 'access_token') target.searchParams.set(name, value)
    // WHY: Facebook takes the header as well as the parameter, and the header stays out of logs.
    headers.set('authorization', `Bearer ${accessToken}`)
    const response = await outbound.fetch(target.href, { headers })
    if (!response.ok) throw invalid(`status-${response.status}`)
    return response
  }

  return (url, init) => (plan.isTokenCall(url) ? token(url, init) : api(url, init))
}

/** Runs the package's callback in an app of its own: synthetic address, synthetic cookie, handles for secrets. */
async function packageUser(
  exchange: Exchange,
  redirectUri: string,
  scopes: readonly string[],
): Promise<Readonly<Record<string, unknown>>> {
  const { plan, handle, setup } = exchange
  const call: PackageCall = {
    clientId: setup.config.clientId,
    secret: handle,
    redirectUri,
    scopes,
    state: handle,
    force: 'no',
  }
  let user: unknown = null
  let failure: unknown = null
  const app = new Hono()
  app.use('/callback', plan.middleware(call))
  app.get('/callback', (context) => {
    user = plan.user(context)
    return context.body(null, 204)
  })
  app.onError((error) => {
    failure = error
    return new Response(null, { status: 500 })
  })
  const address = `${PLACE}?${new URLSearchParams({ code: handle, state: handle })}`
  const response = await interceptingFetch(exchange.realm, handle, interceptor(exchange), async () =>
    app.request(address, { headers: { cookie: `state=${handle}` } }),
  )
  if (failure !== null) throw isPackageRefusal(failure) ? invalid('token-error') : failure
  if (response.status !== 204 || typeof user !== 'object' || user === null) throw invalid('profile')
  return user as Readonly<Record<string, unknown>>
}

function isPackageRefusal(error: unknown): boolean {
  // WHY: by shape, for the package may bring its own copy of hono's HTTPException. Its message is the provider's text.
  return error instanceof Error && 'getResponse' in error
}

function packageAdapter(setup: Setup, plan: PackagePlan): Adapter {
  const secret = requiredSecret(setup)
  const realm = requiredRealm(setup)
  const scopes = setup.config.scopes ?? plan.scopes
  const issuer = setup.config.options['issuer'] ?? plan.issuer
  return {
    issuer,
    formPost: false,
    statesAuthTime: 'never',
    asksAgain: plan.proof,
    logoutRules: null,
    start: (_outbound, start) => startAddress(plan, setup, scopes, start),
    async finish(outbound, finish) {
      const server: AuthorizationServer = { issuer }
      // ATTACK: the package compares absent with absent and loops on `error=` (CVE-2026-73565 family); so state and
      // error are judged here, and it sees neither.
      const parameters = validateAuthResponse(
        server,
        { client_id: setup.config.clientId },
        finish.parameters,
        finish.state,
      )
      const code = parameters.get('code')
      if (code === null || code === '') throw invalid('code')
      const handle = packageHandle(outbound.runtime.random(32))
      const user = await packageUser({ plan, setup, outbound, secret, realm, handle, code }, finish.redirectUri, scopes)
      const { subject, profile, groups, claims } = plan.person(user, outbound.http)
      return {
        issuer,
        subject,
        profile,
        groups,
        claims: publicClaims(claims),
        idToken: null,
        providerSid: null,
        issuedAt: null,
        authTime: null,
      }
    },
    endSession: async () => null,
  }
}

type FacebookOptions = Parameters<typeof facebookAuth>[0]
type LinkedinOptions = Parameters<typeof linkedinAuth>[0]
type TwitchOptions = Parameters<typeof twitchAuth>[0]

/** Facebook: Facebook does not say whether an address is verified, so it never is. */
export function facebook(setup: Setup): Adapter {
  return packageAdapter(setup, {
    issuer: 'https://www.facebook.com',
    scopes: ['public_profile', 'email'],
    again: { auth_type: 'reauthenticate' },
    proof: 'can',
    isTokenCall: (url) => url.pathname.endsWith('/oauth/access_token'),
    middleware: ({ clientId, secret, redirectUri, scopes }) =>
      facebookAuth({
        client_id: clientId,
        client_secret: secret,
        redirect_uri: redirectUri,
        scope: scopes as FacebookOptions['scope'],
        fields: ['id', 'name', 'email', 'picture'],
      }),
    user: (context) => context.get('user-facebook'),
    person: (user, http) => {
      const { data } = (user['picture'] ?? {}) as { readonly data?: { readonly url?: unknown } }
      const raw = { name: user['name'], email: user['email'], emailVerified: false, picture: data?.url }
      return { subject: subjectText(user['id']), profile: profileOf(raw, http), groups: {}, claims: user }
    },
  })
}

/** LinkedIn with its OpenID scopes; the profile call is trusted, the ID token is not read. */
export function linkedin(setup: Setup): Adapter {
  return packageAdapter(setup, {
    issuer: 'https://www.linkedin.com',
    scopes: ['openid', 'profile', 'email'],
    again: {},
    proof: 'cannot',
    isTokenCall: (url) => url.pathname.endsWith('/oauth/v2/accessToken'),
    middleware: ({ clientId, secret, redirectUri, scopes }) =>
      linkedinAuth({
        client_id: clientId,
        client_secret: secret,
        redirect_uri: redirectUri,
        scope: [...scopes] as NonNullable<LinkedinOptions['scope']>,
      }),
    user: (context) => context.get('user-linkedin'),
    person: (user, http) => {
      const raw = {
        name: user['name'],
        email: user['email'],
        emailVerified: user['email_verified'],
        picture: user['picture'],
      }
      return { subject: subjectText(user['sub']), profile: profileOf(raw, http), groups: {}, claims: user }
    },
  })
}

/** Twitch: the address comes with the scope `user:read:email` and only when Twitch has verified it. */
export function twitch(setup: Setup): Adapter {
  return packageAdapter(setup, {
    issuer: 'https://id.twitch.tv/oauth2',
    scopes: ['user:read:email'],
    again: { force_verify: 'true' },
    proof: 'cannot',
    isTokenCall: (url) => url.pathname.endsWith('/oauth2/token'),
    middleware: ({ clientId, secret, redirectUri, scopes, state }) =>
      twitchAuth({
        client_id: clientId,
        client_secret: secret,
        redirect_uri: redirectUri,
        scope: [...scopes] as TwitchOptions['scope'],
        state,
      }),
    user: (context) => context.get('user-twitch'),
    person: (user, http) => {
      const email = user['email']
      const raw = {
        name: user['display_name'] ?? user['login'],
        email,
        emailVerified: typeof email === 'string',
        picture: user['profile_image_url'],
      }
      return { subject: subjectText(user['id']), profile: profileOf(raw, http), groups: {}, claims: user }
    },
  })
}
