import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { type Authorization, answerConsent, askForConsent } from '../../deploy/demo/authorization.ts'
import { type Codes, clientProofOf, sameSecret, takeCode, unguessable } from '../../deploy/demo/codes.ts'
import type { Person } from '../../deploy/demo/people.ts'
import { CALM, type TroubleState, troubledAnswer } from '../../deploy/demo/trouble.ts'

/** The secret that every double knows its client by. */
export const DOUBLE_SECRET = 'double-secret-0123456789'

const TEAM = 'T0DOUBLES'

/** An OpenID issuer that is always under maintenance: its discovery document is a 503 that asks for patience. */
const CLOSED = 'lost'
/** How long that one wants to be left alone, seconds. */
export const CLOSED_SECONDS = 30

/** The server at Discord's double; Ada is the only member. */
export const DOUBLE_GUILD = '197038439483310086'

/** What each kind says of a person, in its own shape. */
const PROFILES: Readonly<Record<string, (person: Person) => unknown>> = {
  arcade: ({ subject, name, email }) => ({ player: { no: Number(subject), nick: name }, email }),
  slack: ({ subject, name, email }) => ({ ok: true, user: { id: subject, name, email }, team: { id: TEAM } }),
  discord: ({ subject, name, email, label }) => ({
    id: subject,
    username: label,
    global_name: name,
    email,
    verified: true,
  }),
  x: ({ subject, name, label }) => ({ data: { id: subject, name, username: label } }),
  facebook: ({ subject, name, email }) => ({
    id: subject,
    name,
    email,
    picture: { data: { url: 'https://p.example/1' } },
  }),
  linkedin: ({ subject, name, email }) => ({ sub: subject, name, email, email_verified: true }),
  twitch: ({ subject, name, email, label }) => ({ data: [{ id: subject, login: label, display_name: name, email }] }),
}

/** Provider ids that have a double. */
export const DOUBLES: readonly string[] = Object.keys(PROFILES)

/** People of every double; the same numbers at each of them, which are different people all the same. */
const PEOPLE: readonly Person[] = ['ada', 'bo', 'cy'].map((name, index) => ({
  provider: 'discord',
  name: `${name} of the doubles`,
  email: `${name}@players.example`,
  label: `${name}-the-player`,
  subject: String(index + 1),
  role: 'padawan',
}))

/** Provider-shaped services that have no emulator: code flow, consent page, token and profile, one set of paths each. */
export interface Doubles {
  readonly url: string
  /** Every code and token that was given out so far. */
  readonly issued: string[]
  /** Everything that reached it as an upstream: method, target, headers, body. */
  readonly reached: string[]
  /** Puts the token endpoint and the API of one of them out of order. */
  trouble(id: string, state: TroubleState): void
  close(): Promise<void>
}

interface House {
  readonly known: Authorization
  readonly codes: Codes
  /** Subject by access token. */
  readonly tokens: Map<string, string>
  readonly trouble: TroubleState
}

async function bodyOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return new URLSearchParams(text)
}

function token(id: string, house: House, authorization: string | undefined, form: URLSearchParams): Response {
  const proof = clientProofOf(authorization, form)
  const isClient = proof.id === house.known.clientId && sameSecret(proof.secret, DOUBLE_SECRET)
  const grant = isClient ? takeCode(house.codes, form, house.known.clientId) : 'client'
  if (typeof grant === 'string')
    return id === 'slack'
      ? Response.json({ ok: false, error: 'invalid_code' })
      : Response.json({ error: 'invalid_grant' }, { status: 400 })
  const [access, refresh] = [unguessable(), unguessable()]
  house.tokens.set(access, grant.subject)
  // Nobody asked for a refresh token; some providers hand one out all the same.
  const issued = { access_token: access, refresh_token: refresh }
  return id === 'slack'
    ? Response.json({ ok: true, authed_user: { id: grant.subject, ...issued }, team: { id: TEAM } })
    : Response.json({ ...issued, token_type: 'bearer', expires_in: 3600 })
}

function me(id: string, house: House, authorization: string | undefined): Response {
  const access = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1] ?? ''
  const person = PEOPLE.find(({ subject }) => subject === house.tokens.get(access))
  return person === undefined ? Response.json({}, { status: 401 }) : Response.json(PROFILES[id]?.(person))
}

function headOf({ method, url, rawHeaders }: IncomingMessage): string {
  return `${method} ${url}\n${rawHeaders.join('\n')}\n`
}

/** Answers an upstream's request with everything it saw. */
async function echo(request: IncomingMessage, reached: string[]): Promise<Response> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  reached.push(`${headOf(request)}${body}`)
  return Response.json({ seen: reached.at(-1) })
}

/** The servers of whoever a token is of, as Discord lists them. */
function guilds(house: House, authorization: string | undefined): Response {
  const subject = house.tokens.get(/^Bearer (\S+)$/i.exec(authorization ?? '')?.[1] ?? '')
  if (subject === undefined) return Response.json({}, { status: 401 })
  return Response.json([{ id: '1' }, ...(subject === '1' ? [{ id: DOUBLE_GUILD }] : [])])
}

/** Codes and tokens in what a double is about to say. */
async function issuedBy(response: Response): Promise<readonly string[]> {
  const code = URL.parse(response.headers.get('location') ?? '')?.searchParams.get('code') ?? null
  const text = await response.clone().text()
  const tokens = [...text.matchAll(/"(?:access|refresh)_token":"([^"]+)"/g)].map(([, value = '']) => value)
  return code === null ? tokens : [code, ...tokens]
}

async function answer(
  houses: ReadonlyMap<string, House>,
  request: IncomingMessage,
  closing: AbortSignal,
): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://doubles')
  const [, id = '', what] = pathname.split('/')
  const house = houses.get(id)
  const { authorization } = request.headers
  if (id === CLOSED) return new Response(null, { status: 503, headers: { 'retry-after': String(CLOSED_SECONDS) } })
  if (house === undefined) return new Response(null, { status: 404 })
  const met = what === 'token' || what === 'me' ? await troubledAnswer(house.trouble, [closing]) : null
  if (met !== null) return met
  if (what === 'token') return token(id, house, authorization, await bodyOf(request))
  if (what === 'me') return me(id, house, authorization)
  if (what === 'guilds') return guilds(house, authorization)
  // WHY: Facebook's own response type, which its package sends: the code, and the scopes that were granted beside it.
  if (id === 'facebook' && searchParams.get('response_type') === 'code,granted_scopes')
    searchParams.set('response_type', 'code')
  return request.method === 'POST'
    ? answerConsent(house.known, await bodyOf(request), house.codes)
    : askForConsent(house.known, searchParams)
}

async function write(response: Response, to: ServerResponse): Promise<void> {
  to.writeHead(response.status, [...response.headers].flat())
  to.end(await response.text())
}

/** Starts the doubles for a gateway at this origin; every other path answers as its upstream. */
export async function startDoubles(gateway: string): Promise<Doubles> {
  const houses = new Map(
    DOUBLES.map((id): [string, House] => {
      const known: Authorization = {
        service: id,
        action: `/${id}/authorize`,
        clientId: 'client',
        redirectUri: `${gateway}/auth/callback/${id}`,
        people: PEOPLE,
        nonce: 'ignored',
      }
      return [id, { known, codes: {}, tokens: new Map(), trouble: { ...CALM } }]
    }),
  )
  const issued: string[] = []
  const reached: string[] = []
  const closing = new AbortController()
  const isOurs = (url = '/') => [CLOSED, ...DOUBLES].includes(url.split(/[/?]/)[1] ?? '')
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const made = isOurs(request.url) ? await answer(houses, request, closing.signal) : await echo(request, reached)
    if (isOurs(request.url)) issued.push(...(await issuedBy(made)))
    await write(made, response)
  }
  const server: Server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)))
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket, request) => {
    reached.push(headOf(request))
    socket.send(headOf(request))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    issued,
    reached,
    trouble: (id, state) => void Object.assign(houses.get(id)?.trouble ?? {}, state),
    close: () =>
      new Promise((resolve) => {
        closing.abort()
        for (const socket of sockets.clients) socket.terminate()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
