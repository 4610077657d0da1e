import { createHash } from 'node:crypto'
import { defineEmulator, type EmulatorContext, type EmulatorDefinition } from 'emulate'
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { type Authorization, answerConsent, askForConsent } from './authorization.ts'
import { SLACK_TEAM } from './clients.ts'
import { type Codes, clientProofOf, type Grant, sameSecret, takeCode, unguessable } from './codes.ts'
import type { Person } from './people.ts'

interface SlackState {
  codes: Codes
  /** Subject by access token. */
  tokens: Record<string, string>
}

/** What a Slack double needs to know. */
export interface SlackSettings {
  readonly clientId: string
  readonly clientSecret: string
  readonly redirectUri: string
  readonly people: readonly Person[]
  /** emulate's own Slack: everything that is not OpenID goes there. */
  readonly api: string
}

const KEY_ID = 'demo-slack-1'
const ID_TOKEN_SECONDS = 300

const notOk = (error: string): Response => Response.json({ ok: false, error })

function claimsOf(person: Person): Record<string, unknown> {
  return {
    sub: person.subject,
    'https://slack.com/user_id': person.subject,
    'https://slack.com/team_id': SLACK_TEAM,
    'https://slack.com/team_name': 'Postern demo',
    email: person.email,
    email_verified: true,
    name: person.name,
    locale: 'en-US',
  }
}

function signIdToken(key: CryptoKey, issuer: string, person: Person, grant: Grant, access: string): Promise<string> {
  const half = createHash('sha256').update(access).digest().subarray(0, 16).toString('base64url')
  const now = Math.floor(Date.now() / 1000)
  const nonce = grant.nonce === '' ? {} : { nonce: grant.nonce }
  return new SignJWT({ ...claimsOf(person), ...nonce, auth_time: now, at_hash: half })
    .setProtectedHeader({ alg: 'RS256', kid: KEY_ID, typ: 'JWT' })
    .setIssuer(issuer)
    .setAudience(grant.clientId)
    .setIssuedAt(now)
    .setExpirationTime(now + ID_TOKEN_SECONDS)
    .sign(key)
}

function discovery(issuer: string): Record<string, unknown> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/openid/connect/authorize`,
    token_endpoint: `${issuer}/api/openid.connect.token`,
    userinfo_endpoint: `${issuer}/api/openid.connect.userInfo`,
    jwks_uri: `${issuer}/openid/connect/keys`,
    scopes_supported: ['openid', 'profile', 'email'],
    response_types_supported: ['code'],
    response_modes_supported: ['form_post'],
    grant_types_supported: ['authorization_code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    claims_supported: ['sub', 'auth_time', 'iss'],
    claims_parameter_supported: false,
    request_parameter_supported: false,
    request_uri_parameter_supported: true,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
  }
}

function serveTokens(
  settings: SlackSettings,
  pair: { privateKey: CryptoKey },
  context: EmulatorContext<SlackState>,
): void {
  const { app, state, baseUrl } = context
  app.post('/api/openid.connect.token', async (c) => {
    const form = new URLSearchParams(await c.req.text())
    const proof = clientProofOf(c.req.header('authorization'), form)
    if (proof.id !== settings.clientId) return notOk('invalid_client_id')
    if (!sameSecret(proof.secret, settings.clientSecret)) return notOk('bad_client_secret')
    const grant = takeCode(state.codes, form, settings.clientId)
    if (typeof grant === 'string') return notOk(grant === 'redirect_uri' ? 'bad_redirect_uri' : 'invalid_code')
    const person = settings.people.find((one) => one.subject === grant.subject)
    if (person === undefined) return notOk('invalid_code')
    const access = `xoxp-${unguessable()}`
    state.tokens[access] = person.subject
    const idToken = await signIdToken(pair.privateKey, baseUrl, person, grant, access)
    return Response.json({ ok: true, access_token: access, token_type: 'Bearer', id_token: idToken })
  })
  app.on('GET', '/api/openid.connect.userInfo', (c) => {
    const access = /^Bearer (\S+)$/.exec(c.req.header('authorization') ?? '')?.[1] ?? ''
    const person = settings.people.find(
      (one) => Object.hasOwn(state.tokens, access) && one.subject === state.tokens[access],
    )
    return person === undefined ? notOk('invalid_auth') : Response.json({ ok: true, ...claimsOf(person) })
  })
}

type Request = Parameters<Parameters<EmulatorContext<SlackState>['app']['notFound']>[0]>[0]

async function passOn(api: string, { req }: Request): Promise<Response> {
  const { pathname, search } = new URL(req.url)
  const { 'content-length': _, host: __, connection: ___, ...headers } = req.header()
  const body = req.method === 'GET' || req.method === 'HEAD' ? null : await req.arrayBuffer()
  return fetch(`${api}${pathname}${search}`, { method: req.method, headers, body, redirect: 'manual' })
}

/**
 * "Sign in with Slack" in front of emulate's Slack: OpenID Connect with Slack's claims and `{"ok": false}` errors.
 *
 * WHY: emulate's Slack speaks only the older OAuth v2 for apps: no discovery, no ID token, no user info. That older flow
 * works on the same port.
 */
export async function slack(settings: SlackSettings): Promise<EmulatorDefinition<SlackState>> {
  const known: Authorization = { ...settings, service: 'Slack', action: '/openid/connect/authorize', nonce: 'kept' }
  const pair = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: KEY_ID, alg: 'RS256', use: 'sig' }
  return defineEmulator<SlackState>({
    name: 'slack',
    cors: false,
    state: () => ({ codes: {}, tokens: {} }),
    setup(context) {
      const { app, state, baseUrl } = context
      app.get('/.well-known/openid-configuration', (c) => c.json(discovery(baseUrl)))
      app.get('/openid/connect/keys', (c) => c.json({ keys: [jwk] }))
      app.get('/openid/connect/authorize', (c) => askForConsent(known, new URL(c.req.url).searchParams))
      app.post('/openid/connect/authorize', async (c) => {
        return answerConsent(known, new URLSearchParams(await c.req.text()), state.codes)
      })
      serveTokens(settings, pair, context)
      app.notFound((c) => passOn(settings.api, c))
    },
  })
}
