import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import { CALM, type TroubleState, troubledAnswer } from '../../../../deploy/demo/trouble.ts'
import { formsOf, REDIRECT_URI } from './sign-in.ts'

interface ProviderInstance {
  callback(): (request: IncomingMessage, response: unknown) => void
  on(event: string, listener: (context: { readonly body?: unknown }, out?: unknown) => void): void
}
type ProviderClass = new (issuer: string, configuration: Record<string, unknown>) => ProviderInstance

/** The package `oidc-provider` on loopback, with its own login and consent forms. */
export interface RealOp {
  readonly url: string
  /** Logout tokens it posted to the client. */
  readonly logoutTokens: string[]
  /** What the client answered to each of them: status and body. */
  readonly logoutAnswers: string[]
  /** While true, logout tokens are only written down: whoever holds them posts them. */
  readonly logout: { held: boolean }
  /** Codes and tokens it gave out so far. */
  readonly issued: string[]
  /** The trouble its token endpoint is in. */
  readonly trouble: TroubleState
  close(): Promise<void>
}

const PROFILE = {
  name: 'Ada Example',
  email: 'ada@guild.example',
  email_verified: true,
  picture: 'https://pictures.example/ada.png',
}

async function signingKeys() {
  const algorithms = ['RS256', 'ES256', 'PS256', 'EdDSA'] as const
  const made = await Promise.all(
    algorithms.map(async (alg) => {
      const { privateKey } = await generateKeyPair(alg, { extractable: true })
      return { ...(await exportJWK(privateKey)), alg, use: 'sig', kid: `key-${alg}` }
    }),
  )
  return { keys: made }
}

/** What of an answer is worth stealing. */
function secretsIn(said: unknown): readonly string[] {
  const members = Object.entries((said ?? {}) as Record<string, unknown>)
  return members.flatMap(([name, value]) =>
    ['code', 'access_token', 'refresh_token', 'id_token'].includes(name) ? [String(value)] : [],
  )
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function closing(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** Where it posts logout tokens, what it was answered, and what it posted. */
function backChannel(address: string, tokens: string[], answers: string[], logout: { readonly held: boolean }) {
  // WHY: its own dispatcher refuses loopback addresses, and whoever takes its logout tokens is on one.
  return async (to: string, { dispatcher: _guard, ...options }: RequestInit & { readonly dispatcher?: unknown }) => {
    if (to !== address) return fetch(to, options)
    tokens.push(new URLSearchParams(String(options.body)).get('logout_token') ?? '')
    if (logout.held) return new Response(null, { status: 200 })
    const answer = await fetch(to, options)
    answers.push(`${answer.status} ${await answer.clone().text()}`)
    return answer
  }
}

/** Starts it; clients are `secretive` (Basic, RS256), `elliptic`, `padded`, `edwards` (ES256, PS256, EdDSA) and `open` (no secret). */
export async function realOp(
  redirectUri: string = REDIRECT_URI,
  secret = 'secret',
  logoutUri: string | null = null,
): Promise<RealOp> {
  const logoutTokens: string[] = []
  const logoutAnswers: string[] = []
  const logout = { held: false }
  const listener = createServer((_request, response) => {
    response.writeHead(200, { 'cache-control': 'no-store' }).end()
  })
  const logoutAddress = logoutUri ?? `${await listen(listener)}/backchannel`
  // WHY: the package has no types, and an untyped import is an error here.
  const { default: Provider } = (await import('oidc-provider' as string)) as { readonly default: ProviderClass }
  const server = createServer()
  const url = await listen(server)
  const client = (clientId: string, changes: Record<string, unknown> = {}) => ({
    client_id: clientId,
    client_secret: secret,
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [redirectUri],
    post_logout_redirect_uris: [`${new URL(redirectUri).origin}/auth/signed-out`],
    backchannel_logout_uri: logoutAddress,
    backchannel_logout_session_required: true,
    ...changes,
  })
  const provider = new Provider(url, {
    clients: [
      client('secretive'),
      client('elliptic', { id_token_signed_response_alg: 'ES256' }),
      client('padded', { id_token_signed_response_alg: 'PS256' }),
      client('edwards', { id_token_signed_response_alg: 'EdDSA' }),
      client('open', { token_endpoint_auth_method: 'none', client_secret: undefined }),
    ],
    jwks: await signingKeys(),
    cookies: { keys: ['cookie-key'] },
    claims: { openid: ['sub'], profile: ['name', 'picture'], email: ['email', 'email_verified'] },
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'PS256', 'EdDSA'] },
    features: { devInteractions: { enabled: true }, backchannelLogout: { enabled: true } },
    findAccount: (_context: unknown, id: string) => ({ accountId: id, claims: async () => ({ sub: id, ...PROFILE }) }),
    // Whether or not a client asked for it: what is handed out must stay where it arrives.
    issueRefreshToken: async () => true,
    pkce: { required: () => true },
    fetch: backChannel(logoutAddress, logoutTokens, logoutAnswers, logout),
  })
  const issued: string[] = []
  provider.on('authorization.success', (_context, out) => void issued.push(...secretsIn(out)))
  provider.on('grant.success', ({ body }) => void issued.push(...secretsIn(body)))
  const trouble: TroubleState = { ...CALM }
  const closed = new AbortController()
  const serve = provider.callback()
  server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
    const met = request.url === '/token' ? await troubledAnswer(trouble, [closed.signal]) : null
    if (met === null) return serve(request, response)
    return void response.writeHead(met.status, [...met.headers].flat()).end(await met.text())
  })
  return {
    url,
    trouble,
    logoutTokens,
    logoutAnswers,
    logout,
    issued,
    close: async () => {
      closed.abort()
      await Promise.all([closing(server), closing(listener)])
    },
  }
}

/** A browser without scripts: keeps cookies, fills the forms, stops at the callback. */
export interface Browser {
  /** Follows redirects and forms from `url` until the callback; `press` picks the button's form or link of each page. */
  until(url: string, stop: string, person: string): Promise<URLSearchParams>
  get(url: string): Promise<Response>
  submit(url: string, fields: URLSearchParams): Promise<Response>
}

/** A new one, nobody signed in. */
export function browser(): Browser {
  const jar = new Map<string, string>()
  const send = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { ...init, headers: { cookie }, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      const at = pair.indexOf('=')
      if (/expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(pair.slice(0, at))
      else jar.set(pair.slice(0, at), pair.slice(at + 1))
    }
    return response
  }
  const submit = (url: string, body: URLSearchParams): Promise<Response> => send(url, { method: 'POST', body })
  return {
    get: send,
    submit,
    async until(url, stop, person) {
      let at = url
      let response = await send(at)
      for (let step = 0; step < 20; step += 1) {
        const location = response.headers.get('location')
        if (location !== null) {
          at = new URL(location, at).href
          if (at.startsWith(stop)) return new URL(at).searchParams
          response = await send(at)
          continue
        }
        const [form] = formsOf(await response.text())
        if (form === undefined) throw new Error(`no form at ${at} (${response.status})`)
        if (form.fields.has('login')) {
          form.fields.set('login', person)
          form.fields.set('password', 'any')
        }
        at = new URL(form.action, at).href
        response = await submit(at, form.fields)
      }
      throw new Error(`never arrived at ${stop}`)
    },
  }
}
