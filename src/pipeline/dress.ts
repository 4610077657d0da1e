import type { Ask } from '../core/ask.ts'
import { withoutCookies } from '../core/cookie.ts'
import { connectionTokens, fold, isHopByHop } from '../core/headers.ts'
import { isOwnCookie } from '../core/own-cookies.ts'
import type { Subject } from '../core/person.ts'
import { withoutTicketProtocols } from '../core/ticket.ts'
import { foldedWord, wordOf } from '../policy/word.ts'
import type { Config, Upstream } from '../ports/config.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { IdentityWriter } from '../ports/identity.ts'
import { isOurs } from '../session/api-token.ts'
import { looksShown } from '../session/shown-tokens.ts'

/** Header pairs in the order they go on the wire; names may repeat. */
export type HeaderPairs = readonly (readonly [string, string])[]

/** Headers a client may carry a token in. */
const TOKEN_HEADERS: ReadonlySet<string> = new Set(['authorization', 'x-api-token'])

// ATTACK: on a public route, or beside the credential that decided, a token of ours is not read; the upstream must not
// get it all the same (RFC 9700 section 4.9).
function isUnreadToken(value: string, gateway: Gateway): boolean {
  const isShown = looksShown(value)
  return isShown || value.split(/[\s,]/).some((word) => isOurs(word) || gateway.isOwnSecret(word))
}

/** Whether a credential was ours and accepted, so that it must not travel on (seeds T4). */
function spentHeader(subject: Subject | null, ask: Ask): 'authorization' | 'x-api-token' | null {
  if (subject === null || subject.kind === 'session') return null
  const { authorization } = ask.credentials
  // ATTACK: trimmed first: two runs of blanks in one expression take time that grows with the square of what a client sends.
  return authorization === null || /^(bearer|token)?$/i.test(authorization.trim()) ? 'x-api-token' : 'authorization'
}

// WHY: the handshake of each leg is its own; compression is negotiated per leg.
const HANDSHAKE: ReadonlySet<string> = new Set([
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-extensions',
  'sec-websocket-accept',
])

/** What says how a body is to be read. */
const OF_THE_BODY: ReadonlySet<string> = new Set(['content-type', 'content-length', 'content-encoding'])

/**
 * ATTACK: servers that merge spellings would read a body by `Content_Type` which a rule judged by `Content-Type`
 * (CVE-2024-45614).
 */
function isSecondSpelling(name: string, folded: string): boolean {
  return OF_THE_BODY.has(folded) && name.toLowerCase() !== folded
}

/** What becomes of a client's header by its name alone. */
type Fate = 'passes' | 'drops' | 'cookie' | 'token' | 'protocols'

function fateOf(name: string, upstream: Upstream, gateway: Gateway): Fate {
  const folded = fold(name)
  const isOurs = folded === 'host' || folded === 'x-request-id' || HANDSHAKE.has(folded)
  // ATTACK: what a proxy says of a certificate is for us; of others it may be a lie, and a service could believe it.
  if (folded === gateway.config.clientCertificate?.header) return 'drops'
  if (isHopByHop(folded) || isOurs || gateway.identity.isReserved(upstream, name)) return 'drops'
  if (isSecondSpelling(name, folded)) return 'drops'
  if (folded === 'cookie') return 'cookie'
  if (folded === 'sec-websocket-protocol') return 'protocols'
  return TOKEN_HEADERS.has(folded) ? 'token' : 'passes'
}

/** Fates that are remembered for an upstream, and the longest name; clients choose them. */
const MOST_FATES = 1024
const LONGEST_NAME = 64
const FATES = new WeakMap<IdentityWriter, Map<string, Map<string, Fate>>>()

/** The fates of names on the way to an upstream, as far as they are known: real clients send the same few dozen. */
function fatesFor(upstream: Upstream, { identity }: Gateway): Map<string, Fate> {
  const known = FATES.get(identity)?.get(upstream.name)
  if (known !== undefined) return known
  const fresh = new Map<string, Fate>()
  const all = FATES.get(identity)
  if (all === undefined) FATES.set(identity, new Map([[upstream.name, fresh]]))
  else all.set(upstream.name, fresh)
  return fresh
}

/** What an upstream receives in the place of one header of the client; null: nothing. */
type Cleaner = (name: string, value: string) => string | null

/**
 * ATTACK: names a client lists in Connection are dropped before ours are set, so it can never remove ours
 * (GHSA-w9mr-28mw-j8hg).
 */
function cleaner(
  ask: Ask,
  connection: string | null,
  subject: Subject | null,
  upstream: Upstream,
  gateway: Gateway,
): Cleaner {
  const listed = connection === null || connection === 'keep-alive' ? [] : connectionTokens(connection)
  const spent = spentHeader(subject, ask)
  const fates = fatesFor(upstream, gateway)
  return (name, value) => {
    let fate = fates.get(name)
    if (fate === undefined) {
      fate = fateOf(name, upstream, gateway)
      if (fates.size < MOST_FATES && name.length <= LONGEST_NAME) fates.set(name, fate)
    }
    if (fate === 'drops' || (listed.length > 0 && listed.includes(name.toLowerCase()))) return null
    if (fate === 'passes') return value
    // INVARIANT: a token decides alone: the cookie of a session is not read then, and not passed on either.
    if (fate === 'cookie') return withoutCookies(value, isOwnCookie)
    if (fate === 'protocols') return withoutTicketProtocols(value)
    const folded = fold(name)
    return folded === spent || isUnreadToken(value, gateway) ? null : value
  }
}

/** The headers an upstream receives: the client's without hop-by-hop, managed and own ones, then ours. */
export function dress(
  ask: Ask,
  incoming: Iterable<readonly [string, string]>,
  connection: string | null,
  subject: Subject | null,
  upstream: Upstream,
  identity: HeaderPairs,
  gateway: Gateway,
): [string, string][] {
  const clean = cleaner(ask, connection, subject, upstream, gateway)
  const pairs: [string, string][] = []
  for (const [name, value] of incoming) {
    const kept = clean(name, value)
    if (kept !== null) pairs.push([name, kept])
  }
  forwarded(ask, upstream, gateway.config, (name, value) => pairs.push([name, value]))
  for (const [name, value] of identity) pairs.push([name, value])
  return pairs
}

/** The same over flat lists of names and values, as Node reads and writes them. */
export function dressRaw(
  ask: Ask,
  incoming: readonly string[],
  connection: string | null,
  subject: Subject | null,
  upstream: Upstream,
  identity: HeaderPairs,
  gateway: Gateway,
): string[] {
  const clean = cleaner(ask, connection, subject, upstream, gateway)
  // WHY: as long as it can become, then cut: a list that grows is copied again and again, 2 KB a request.
  const flat = new Array<string>(incoming.length + MOST_FORWARDED * 2 + identity.length * 2)
  let length = 0
  const put = (name: string, value: string) => {
    flat[length++] = name
    flat[length++] = value
  }
  for (let i = 0; i + 1 < incoming.length; i += 2) {
    const name = incoming[i] ?? ''
    const kept = clean(name, incoming[i + 1] ?? '')
    if (kept !== null) put(name, kept)
  }
  forwarded(ask, upstream, gateway.config, put)
  for (const [name, value] of identity) put(name, value)
  flat.length = length
  return flat
}

/**
 * The same over Web headers: a copy in which only what differs is touched, because on Workers each name that is written
 * leaves JavaScript.
 *
 * @param listed - every header of `incoming`: each is judged, so that none stays in the copy by being overlooked
 */
export function dressCopy(
  ask: Ask,
  incoming: Headers,
  listed: HeaderPairs,
  connection: string | null,
  subject: Subject | null,
  upstream: Upstream,
  identity: HeaderPairs,
  gateway: Gateway,
): Headers {
  const clean = cleaner(ask, connection, subject, upstream, gateway)
  const copy = new Headers(incoming)
  for (const [name, value] of listed) {
    const kept = clean(name, value)
    if (kept === null) copy.delete(name)
    else if (kept !== value) copy.set(name, kept)
  }
  forwarded(ask, upstream, gateway.config, (name, value) => copy.set(name, value))
  for (const [name, value] of identity) copy.set(name, value)
  return copy
}

const MOST_FORWARDED = 5

/** What we say ourselves of where a request came from; `host` is left to the hop unless the public one is wanted. */
function forwarded(
  ask: Ask,
  { preserveHost }: Upstream,
  config: Config,
  put: (name: string, value: string) => void,
): void {
  if (preserveHost) put('host', ask.host)
  put('x-forwarded-host', ask.host)
  put('x-forwarded-proto', config.origin.startsWith('https:') ? 'https' : 'http')
  put('x-request-id', ask.requestId)
  if (ask.address !== null) put('x-forwarded-for', ask.address)
}

/** The dressed headers with a message signature where the upstream asks for one: computed last, over what is sent. */
export async function signed(
  headers: [string, string][],
  identity: HeaderPairs,
  method: string,
  target: string,
  upstream: Upstream,
  gateway: Gateway,
): Promise<[string, string][]> {
  if (upstream.sign === 'none') return headers
  for (const [name, value] of await gateway.identity.sign(upstream, { method, target, headers, identity })) {
    headers.push([name, value])
  }
  return headers
}

function spelt(parts: readonly string[], { caseInsensitive }: Upstream): string {
  return JSON.stringify(parts.map((part) => (caseInsensitive ? foldedWord(wordOf(part)) : wordOf(part))))
}

/** Path and query for the upstream: exactly the bytes that were judged; null when its prefix is not there. */
export function upstreamTarget(ask: Ask, upstream: Upstream): string | null {
  const { path, query } = ask.target
  if (upstream.stripPrefix === '') return `${path}${query}`
  const depth = upstream.stripPrefix.split('/').length
  const parts = path.split('/')
  // WHY: rules matched however their words are escaped, and those of a service that folds case in any case; so does its prefix.
  const isThere = spelt(parts.slice(0, depth), upstream) === spelt(upstream.stripPrefix.split('/'), upstream)
  return isThere ? `/${parts.slice(depth).join('/')}${query}` : null
}
