import type { Ask } from '../core/ask.ts'
import { forgivingName, withoutCookies } from '../core/cookie.ts'
import { connectionTokens, fold, isHopByHop } from '../core/headers.ts'
import { isOwnCookie } from '../core/own-cookies.ts'
import type { Subject } from '../core/person.ts'
import { withoutTicketProtocols } from '../core/ticket.ts'
import type { Config, Upstream } from '../ports/config.ts'
import type { Gateway } from '../ports/gateway.ts'

/** Header pairs in the order they go on the wire; names may repeat. */
export type HeaderPairs = readonly (readonly [string, string])[]

/** Headers a client may carry an API token in. */
const TOKEN_HEADERS: ReadonlySet<string> = new Set(['authorization', 'x-api-token'])

// ATTACK: on a public route, or beside the credential that decided, a token of ours is not read; the upstream must not
// get it all the same.
function isUnreadToken(folded: string, value: string): boolean {
  return TOKEN_HEADERS.has(folded) && /(^|[\s,])pst_/.test(value)
}

/** Whether a credential was ours and accepted, so that it must not travel on (seeds T4). */
function spentHeader(subject: Subject | null, ask: Ask): 'authorization' | 'x-api-token' | null {
  if (subject === null || subject.kind === 'session') return null
  const { authorization } = ask.credentials
  return authorization === null || /^\s*(bearer|token)?\s*$/i.test(authorization) ? 'x-api-token' : 'authorization'
}

// WHY: the handshake of each leg is its own; compression is negotiated per leg.
const HANDSHAKE: ReadonlySet<string> = new Set([
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-extensions',
  'sec-websocket-accept',
])

/**
 * The headers an upstream receives: the client's without hop-by-hop, managed and own ones, then ours.
 *
 * ATTACK: names a client lists in Connection are dropped before ours are set, so it can never remove ours
 * (GHSA-w9mr-28mw-j8hg).
 */
export function dress(
  ask: Ask,
  incoming: Iterable<readonly [string, string]>,
  connection: string | null,
  subject: Subject | null,
  upstream: Upstream,
  identity: HeaderPairs,
  gateway: Gateway,
): [string, string][] {
  const listed = connection === null || connection === 'keep-alive' ? [] : connectionTokens(connection)
  const spent = spentHeader(subject, ask)
  const pairs: [string, string][] = []
  for (const [name, value] of incoming) {
    const folded = fold(name)
    if (
      isHopByHop(folded) ||
      folded === 'host' ||
      folded === 'x-request-id' ||
      folded === spent ||
      isUnreadToken(folded, value) ||
      HANDSHAKE.has(folded)
    )
      continue
    if ((listed.length > 0 && listed.includes(name.toLowerCase())) || gateway.identity.isReserved(upstream, name))
      continue
    if (folded === 'cookie') {
      // INVARIANT: a token decides alone: the cookie of a session is not read then, and not passed on either.
      const rest = withoutCookies(value, isOwnCookie)
      if (rest !== null) pairs.push([name, rest])
    } else if (folded === 'sec-websocket-protocol') {
      const rest = withoutTicketProtocols(value)
      if (rest !== null) pairs.push([name, rest])
    } else {
      pairs.push([name, value])
    }
  }
  addForwarded(pairs, ask, gateway.config)
  for (const [name, value] of identity) pairs.push([name, value])
  return pairs
}

function addForwarded(pairs: [string, string][], ask: Ask, config: Config): void {
  pairs.push(['x-forwarded-host', ask.host])
  pairs.push(['x-forwarded-proto', config.origin.startsWith('https:') ? 'https' : 'http'])
  pairs.push(['x-request-id', ask.requestId])
  if (ask.address !== null) pairs.push(['x-forwarded-for', ask.address])
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

/** Path and query for the upstream: exactly the bytes that were judged; null when its prefix is not there. */
export function upstreamTarget(ask: Ask, upstream: Upstream): string | null {
  const { path, query } = ask.target
  if (upstream.stripPrefix === '') return `${path}${query}`
  if (path !== upstream.stripPrefix && !path.startsWith(`${upstream.stripPrefix}/`)) return null
  const rest = path.slice(upstream.stripPrefix.length)
  return `${rest === '' ? '/' : rest}${query}`
}

/** Whether a header of an upstream's answer may reach the client: not hop-by-hop, not one of our cookies. */
export function isReturnable(name: string, value: string, listed: readonly string[]): boolean {
  const folded = name.toLowerCase()
  // ATTACK: a nameless `=__Host-postern=…` is sent back by browsers as a cookie of our name.
  if (folded === 'set-cookie') return !isOwnCookie(forgivingName(value.split(';', 1)[0] ?? ''))
  return !isHopByHop(folded) && !(listed.length > 0 && listed.includes(folded))
}

/**
 * The upstream's answer for the client: hop-by-hop and our own cookie names removed, everything else as it came. The
 * same object when nothing has to change.
 */
export function undress(response: Response): Response {
  if (response.status === 101) return response
  const listed = connectionTokens(response.headers.get('connection'))
  const taken = new Set<string>()
  for (const [name, value] of response.headers) if (!isReturnable(name, value, listed)) taken.add(name.toLowerCase())
  if (taken.size === 0) return response
  // WHY: names are deleted from a copy, because headers that are written anew join what was repeated.
  const copy = new Response(response.body, response)
  const cookies = response.headers.getSetCookie().filter((line) => isReturnable('set-cookie', line, listed))
  for (const name of taken) copy.headers.delete(name)
  if (taken.has('set-cookie')) for (const line of cookies) copy.headers.append('set-cookie', line)
  return copy
}
