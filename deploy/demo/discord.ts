import { defineEmulator, type EmulatorContext, type EmulatorDefinition } from 'emulate'
import { type Authorization, answerConsent, askForConsent } from './authorization.ts'
import { DISCORD_GUILD } from './clients.ts'
import { type Codes, clientProofOf, sameSecret, takeCode, unguessable } from './codes.ts'
import type { Person } from './people.ts'
import { CALM, type TroubleState, troubledAnswer, troubleFrom } from './trouble.ts'

interface Token {
  readonly subject: string
  readonly scope: string
  readonly refresh: string
}

interface DiscordState {
  codes: Codes
  /** By access token. */
  tokens: Record<string, Token>
  trouble: TroubleState
}

/** What a Discord double needs to know. */
export interface DiscordSettings {
  readonly clientId: string
  readonly clientSecret: string
  readonly redirectUri: string
  readonly people: readonly Person[]
}

const WEEK_SECONDS = 604_800
const AVATAR = 'a_8342729096ea3675442027381ff50dfe'

type Context = EmulatorContext<DiscordState>
type Request = Parameters<Parameters<Context['app']['get']>[1]>[0]

async function formOf(c: Request): Promise<URLSearchParams> {
  return new URLSearchParams(await c.req.text())
}

function tokenAnswer(access: string, token: Token): Response {
  const { refresh, scope } = token
  return Response.json({
    token_type: 'Bearer',
    access_token: access,
    expires_in: WEEK_SECONDS,
    refresh_token: refresh,
    scope,
  })
}

function issue(state: DiscordState, subject: string, scope: string): Response {
  const access = unguessable()
  const token = { subject, scope, refresh: unguessable() }
  state.tokens[access] = token
  return tokenAnswer(access, token)
}

function refused(error: string, description?: string): Response {
  return Response.json(description === undefined ? { error } : { error, error_description: description }, {
    status: error === 'invalid_client' ? 401 : 400,
  })
}

function isClient(settings: DiscordSettings, c: Request, form: URLSearchParams): boolean {
  const proof = clientProofOf(c.req.header('authorization'), form)
  return proof.id === settings.clientId && sameSecret(proof.secret, settings.clientSecret)
}

function exchange(settings: DiscordSettings, state: DiscordState, form: URLSearchParams): Response {
  const grantType = form.get('grant_type')
  if (grantType === 'authorization_code') {
    const grant = takeCode(state.codes, form, settings.clientId)
    if (typeof grant === 'string') return refused('invalid_grant', `Invalid "${grant}" in request.`)
    return issue(state, grant.subject, grant.scope)
  }
  if (grantType === 'refresh_token') {
    const refresh = form.get('refresh_token') ?? ''
    const found = Object.entries(state.tokens).find(([, token]) => token.refresh === refresh)
    if (found === undefined) return refused('invalid_grant')
    delete state.tokens[found[0]]
    return issue(state, found[1].subject, found[1].scope)
  }
  return refused('unsupported_grant_type')
}

function revoke(state: DiscordState, value: string): Response {
  for (const [access, token] of Object.entries(state.tokens)) {
    if (access === value || token.refresh === value) delete state.tokens[access]
  }
  return Response.json({})
}

function userAnswer(person: Person, scope: string): Response {
  const mail = scope.split(' ').includes('email') ? { email: person.email, verified: true } : {}
  return Response.json({
    id: person.subject,
    username: person.label,
    discriminator: '0',
    global_name: person.name,
    avatar: AVATAR,
    flags: 0,
    public_flags: 0,
    mfa_enabled: true,
    locale: 'en-US',
    premium_type: 0,
    ...mail,
  })
}

function bearerOf(
  state: DiscordState,
  settings: DiscordSettings,
  c: Request,
): { person: Person; scope: string } | null {
  const access = /^Bearer (\S+)$/.exec(c.req.header('authorization') ?? '')?.[1] ?? ''
  const token = Object.hasOwn(state.tokens, access) ? state.tokens[access] : undefined
  const person = settings.people.find((one) => one.subject === token?.subject)
  return token === undefined || person === undefined ? null : { person, scope: token.scope }
}

const unauthorized = (): Response => Response.json({ message: '401: Unauthorized', code: 0 }, { status: 401 })

function serveApi(settings: DiscordSettings, { app, state, signal }: Context): void {
  app.use(async (c, next) => {
    const met = c.req.path.startsWith('/api/') ? await troubledAnswer(state.trouble, [signal, c.req.raw.signal]) : null
    return met ?? next()
  })
  for (const api of ['/api', '/api/v10']) {
    app.post(`${api}/oauth2/token`, async (c) => {
      // WHY: Discord takes forms only; a JSON body is the usual mistake and must fail here too.
      if (!(c.req.header('content-type') ?? '').startsWith('application/x-www-form-urlencoded'))
        return refused('invalid_request')
      const form = await formOf(c)
      return isClient(settings, c, form) ? exchange(settings, state, form) : refused('invalid_client')
    })
    app.post(`${api}/oauth2/token/revoke`, async (c) => {
      const form = await formOf(c)
      return isClient(settings, c, form) ? revoke(state, form.get('token') ?? '') : refused('invalid_client')
    })
    app.get(`${api}/users/@me`, (c) => {
      const bearer = bearerOf(state, settings, c)
      return bearer?.scope.split(' ').includes('identify') === true
        ? userAnswer(bearer.person, bearer.scope)
        : unauthorized()
    })
    app.get(`${api}/users/@me/guilds`, (c) => {
      const bearer = bearerOf(state, settings, c)
      if (bearer?.scope.split(' ').includes('guilds') !== true) return unauthorized()
      return Response.json([{ ...DISCORD_GUILD, icon: null, owner: false, permissions: '0', features: [] }])
    })
  }
}

/**
 * A Discord-shaped provider: OAuth 2.0 without OpenID, snowflake ids, Discord's error bodies.
 *
 * `POST /_demo/trouble?kind=html-429|html-200|error-500|hang|none&times=1&retry_after=7` puts its API out of order.
 */
export function discord(settings: DiscordSettings): EmulatorDefinition<DiscordState> {
  const known: Authorization = { ...settings, service: 'Discord', action: '/oauth2/authorize', nonce: 'ignored' }
  return defineEmulator<DiscordState>({
    name: 'discord',
    cors: false,
    state: () => ({ codes: {}, tokens: {}, trouble: { ...CALM } }),
    setup(context) {
      const { app, state } = context
      app.get('/oauth2/authorize', (c) => askForConsent(known, new URL(c.req.url).searchParams))
      app.post('/oauth2/authorize', async (c) => answerConsent(known, await formOf(c), state.codes))
      app.get('/_demo/ready', (c) => c.json({ ready: true }))
      app.post('/_demo/trouble', (c) => {
        const problem = troubleFrom(new URL(c.req.url).searchParams, state.trouble)
        return problem === null ? c.json({ trouble: state.trouble }) : c.json({ error: problem }, 400)
      })
      serveApi(settings, context)
    },
  })
}
