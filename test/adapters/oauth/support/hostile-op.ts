import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type CryptoKey,
  exportJWK,
  type GenerateKeyPairResult,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  SignJWT,
} from 'jose'

/** What the provider answers at one path. */
export type Handler = (
  request: { readonly body: URLSearchParams; readonly headers: IncomingMessage['headers']; readonly url: string },
  response: ServerResponse,
) => void | Promise<void>

/** An OpenID provider of our own that lies on demand: every answer can be replaced, every claim bent. */
export interface HostileOp {
  readonly url: string
  readonly hits: Map<string, number>
  readonly keys: GenerateKeyPairResult
  /** The nonce of the sign-in under way. */
  nonce: string
  /** Members that replace those of the honest discovery document; undefined removes one. */
  metadata: Record<string, unknown>
  claims: Record<string, unknown>
  header: Partial<JWTHeaderParameters>
  jwks: { keys: unknown[] }
  on(path: string, handler: Handler): void
  honestClaims(): Record<string, unknown>
  sign(claims: Record<string, unknown>, header?: Partial<JWTHeaderParameters>, key?: CryptoKey): Promise<string>
  reset(): void
  close(): Promise<void>
}

/** Answers JSON. */
export function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

async function bodyOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return new URLSearchParams(text)
}

function dropUndefined(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined))
}

/** A loopback server that dispatches by path and counts what it is asked. */
export async function pathServer(
  handlers: ReadonlyMap<string, Handler>,
  hits: Map<string, number>,
): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://op')
    hits.set(pathname, (hits.get(pathname) ?? 0) + 1)
    const handler = handlers.get(pathname)
    if (handler === undefined) return void response.writeHead(404).end()
    void bodyOf(request).then((body) => handler({ body, headers: request.headers, url: request.url ?? '' }, response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

/** Starts one. */
export async function hostileOp(): Promise<HostileOp> {
  const keys = await generateKeyPair('RS256', { extractable: true })
  const publicJwk: JWK = { ...(await exportJWK(keys.publicKey)), kid: 'honest', alg: 'RS256', use: 'sig' }
  const hits = new Map<string, number>()
  const replaced = new Map<string, Handler>()
  const table = new Map<string, Handler>()
  const { url, server } = await pathServer(table, hits)

  const op: HostileOp = {
    url,
    hits,
    keys,
    nonce: '',
    metadata: {},
    claims: {},
    header: {},
    jwks: { keys: [publicJwk] },
    on: (path, handler) => void replaced.set(path, handler),
    honestClaims: () => {
      const now = Math.floor(Date.now() / 1000)
      return {
        iss: url,
        sub: 'ada',
        aud: 'client',
        iat: now,
        exp: now + 300,
        nonce: op.nonce,
        name: 'Ada',
        email: 'ada@guild.example',
        email_verified: true,
      }
    },
    sign: (claims, header = {}, key = keys.privateKey) => {
      // WHY: SignJWT keeps whatever it is given, wrong types included.
      return new SignJWT(dropUndefined(claims)).setProtectedHeader({ alg: 'RS256', kid: 'honest', ...header }).sign(key)
    },
    reset: () => {
      replaced.clear()
      hits.clear()
      Object.assign(op, { nonce: '', metadata: {}, claims: {}, header: {}, jwks: { keys: [publicJwk] } })
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }

  const either = (path: string, honest: Handler): void => {
    table.set(path, (request, response) => (replaced.get(path) ?? honest)(request, response))
  }
  either('/.well-known/openid-configuration', (_request, response) =>
    json(
      response,
      dropUndefined({
        issuer: url,
        authorization_endpoint: `${url}/authorize`,
        token_endpoint: `${url}/token`,
        jwks_uri: `${url}/jwks`,
        userinfo_endpoint: `${url}/userinfo`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
        code_challenge_methods_supported: ['S256'],
        token_endpoint_auth_methods_supported: ['client_secret_post'],
        ...op.metadata,
      }),
    ),
  )
  either('/jwks', (_request, response) => json(response, op.jwks))
  either('/token', async (_request, response) => {
    const idToken = await op.sign({ ...op.honestClaims(), ...op.claims }, op.header)
    json(response, { access_token: 'at', token_type: 'Bearer', expires_in: 300, id_token: idToken })
  })
  either('/userinfo', (_request, response) => json(response, { sub: 'ada', name: 'Ada' }))
  either('/elsewhere', (_request, response) => json(response, { keys: [publicJwk] }))
  return op
}
