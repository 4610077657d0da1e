import type { Ask, BrowserFacts, Credentials } from '../core/ask.ts'
import { isSafe } from '../core/client-kind.ts'
import type { FaultKind } from '../core/fault.ts'
import { err, ok, type Result } from '../core/result.ts'
import { canonicalTarget } from '../core/target.ts'
import { cutTickets, isProperOffer, protocolTickets } from '../core/ticket.ts'
import type { Config } from '../ports/config.ts'

/** What only the runtime knows about a request. */
export interface Arrival {
  readonly requestId: string
  /** Target as it stood on the request line: the URL cut at its third slash. */
  readonly rawTarget: string
  readonly address: string | null
  /** Who is connected, whatever was forwarded; not given where the runtime cannot know. */
  readonly peer?: string | null
  readonly country: string | null
  /** Whether a platform or trusted proxy says that it verified a certificate of the client; not given: nobody says so. */
  readonly certified?: boolean
  /** Clock of the runtime when it came, milliseconds; not given: nobody looked. */
  readonly began?: number
}

/** Headers by lower-case name. */
export interface Readable {
  get(name: string): string | null
}

/** The headers of a Web request, read once. */
export interface ListedHeaders extends Readable {
  readonly whole: Headers
  readonly pairs: readonly (readonly [string, string])[]
}

/**
 * Reads all headers at once. A stage asks for sixteen of them by name and another looks at each: on Workers every one of
 * these questions leaves JavaScript.
 */
export function listedHeaders(headers: Headers): ListedHeaders {
  const pairs: (readonly [string, string])[] = []
  // WHY: one call that calls back costs workerd two thirds of what an iterator does.
  headers.forEach((value, name) => {
    pairs.push([name, value])
  })
  return { whole: headers, pairs, get: (name) => firstOf(pairs, name) }
}

// WHY: of a few dozen names most differ in length already; a Map of them would be hashed, grown and thrown away in each request.
function firstOf(pairs: ListedHeaders['pairs'], wanted: string): string | null {
  for (const [name, value] of pairs) if (name === wanted) return value
  return null
}

/** What of a request is read: a Web Request, or a raw one dressed like it. */
export interface Incoming {
  readonly method: string
  readonly headers: Readable
}

/** A request that could not be asked about, and the fault that says why. */
export interface Unaskable {
  readonly fault: FaultKind
  readonly browser: BrowserFacts
}

/** By what a proxy proves itself to the forward-auth endpoint (DECISIONS 28). */
export const PROXY_SECRET = 'postern-proxy-secret'

const METHOD = /^[A-Z]{1,20}$/
const REFUSED_METHODS: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK'])

/** The request target of a URL: everything from its third slash, as the runtime handed it over (DECISIONS 21). */
export function rawTargetOf(url: string): string {
  const slash = url.indexOf('/', url.indexOf('://') + 3)
  const start = slash === -1 ? url.length : slash
  const query = url.indexOf('?')
  if (query !== -1 && query < start) return `/${url.slice(query)}`
  return start === url.length ? '/' : url.slice(start)
}

/** Lower-case host without default port and trailing dot; null when it is none of ours. */
export function knownHost(header: string | null, config: Config): string | null {
  if (header === config.host) return header
  if (header === null || !/^[a-zA-Z0-9.\-:[\]]{1,255}$/.test(header)) return null
  const [, name = '', port = ''] = /^(.*?)(?::(\d+))?$/.exec(header.toLowerCase()) ?? []
  const isDefault = port === '' || port === (config.origin.startsWith('https:') ? '443' : '80')
  const host = `${name.replace(/\.$/, '')}${isDefault ? '' : `:${port}`}`
  return host === config.host || config.hosts.includes(host) ? host : null
}

/** What a browser says about itself. */
export function browserFacts(headers: Readable): BrowserFacts {
  return {
    origin: headers.get('origin'),
    site: headers.get('sec-fetch-site'),
    mode: headers.get('sec-fetch-mode'),
    dest: headers.get('sec-fetch-dest'),
    accept: headers.get('accept'),
    requestedWith: headers.get('x-requested-with'),
    languages: headers.get('accept-language'),
    preflight: headers.get('access-control-request-method'),
    preflightHeaders: headers.get('access-control-request-headers'),
  }
}

/** Facts of a Web request: the front of Workers and of every own endpoint. */
export function askFromRequest(request: Incoming, arrival: Arrival, config: Config): Result<Ask, Unaskable> {
  const { headers, method } = request
  const said = browserFacts(headers)
  const refuse = (fault: FaultKind) => err({ fault, browser: said })
  // ATTACK: a path behind {prefix}/verify that some server resolved to another endpoint would be answered by that one,
  // and a 200 of it would let the proxy's request through: who proves to be a proxy is asked nowhere else.
  if (headers.get(PROXY_SECRET) !== null) return refuse('bad-forwarding')
  if (!METHOD.test(method) || REFUSED_METHODS.has(method)) return refuse('bad-method')
  // ATTACK: early data of TLS 1.3 can be sent again by whoever saw it go by: a purchase or a sign-out would happen twice
  // (RFC 8470 section 5.1; the client sends it again by itself). Whatever the field says counts as 1.
  if (!isSafe(method) && headers.get('early-data') !== null) return refuse('too-early')
  const host = knownHost(headers.get('host'), config)
  if (host === null) return refuse('bad-host')
  const browser = config.embed.hosts.includes(host) ? { ...said, frames: 'pages' as const } : said
  // ATTACK: a ticket is cut from everything that goes on: the policy, the log and the upstream never see one.
  const { rawTarget, tickets } = cutTickets(arrival.rawTarget)
  const target = canonicalTarget(rawTarget)
  if (!target.ok) return refuse('bad-target')
  const cookie = headers.get('cookie')
  if (cookie !== null && cookie.length > config.maxCookieBytes) return refuse('headers-too-large')
  const upgrade = headers.get('upgrade')
  // ATTACK: h2c and upgrades of other methods open a tunnel some servers let pass unread (RFC 6455 section 4.1 wants GET).
  if (upgrade !== null && (upgrade.toLowerCase() !== 'websocket' || method !== 'GET')) return refuse('bad-method')
  if (upgrade !== null && !isProperOffer(headers.get('sec-websocket-protocol'))) return refuse('bad-upgrade')
  const carried = { cookie, authorization: headers.get('authorization'), apiToken: headers.get('x-api-token') }
  return ok({
    requestId: arrival.requestId,
    front: upgrade === null ? 'http' : 'socket',
    method,
    host,
    target: target.value,
    credentials: upgrade === null ? carried : withTickets(carried, tickets, headers, target.value.path),
    browser,
    address: arrival.address,
    country: arrival.country,
    certified: arrival.certified === true,
    userAgent: (headers.get('user-agent') ?? '').slice(0, 256),
    client: headers.get(config.session.clientHeader),
    contentType: headers.get('content-type'),
    contentLength: lengthOf(headers.get('content-length')),
  })
}

function withTickets(carried: Credentials, inQuery: readonly string[], headers: Readable, path: string): Credentials {
  const values = [...inQuery, ...protocolTickets(headers.get('sec-websocket-protocol'))]
  return values.length === 0 ? carried : { ...carried, ticket: { values, path } }
}

function lengthOf(header: string | null): number | null {
  return header !== null && /^\d{1,15}$/.test(header) ? Number(header) : null
}
