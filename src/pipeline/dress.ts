import type { Ask } from '../core/ask.ts'
import { withoutCookies } from '../core/cookie.ts'
import { connectionTokens, fold, isHopByHop } from '../core/headers.ts'
import { isOwnCookie } from '../core/own-cookies.ts'
import type { Subject } from '../core/person.ts'
import type { Config, Upstream } from '../ports/config.ts'
import type { Gateway } from '../ports/gateway.ts'

/** Identity as header pairs, made by the identity room. */
export type IdentityPairs = readonly (readonly [string, string])[]

/** Whether a credential was ours and accepted, so that it must not travel on (seeds T4). */
function spentHeader(subject: Subject | null, ask: Ask): 'authorization' | 'x-api-token' | null {
  if (subject === null || subject.kind === 'session') return null
  return ask.credentials.authorization === null ? 'x-api-token' : 'authorization'
}

/**
 * The headers an upstream receives: the client's without hop-by-hop, managed and own ones, then ours.
 *
 * ATTACK: names a client lists in Connection are dropped before ours are set, so it can never remove ours
 * (GHSA-w9mr-28mw-j8hg).
 */
export function dress(
  ask: Ask,
  incoming: Headers,
  subject: Subject | null,
  upstream: Upstream,
  identity: IdentityPairs,
  gateway: Gateway,
): Headers {
  const listed = connectionTokens(incoming.get('connection'))
  const spent = spentHeader(subject, ask)
  const headers = new Headers()
  for (const [name, value] of incoming) {
    const folded = fold(name)
    if (isHopByHop(folded) || folded === 'host' || folded === spent || listed.includes(name)) continue
    if (gateway.identity.isReserved(upstream, name) || isHandshake(folded)) continue
    if (folded === 'cookie') {
      const rest = withoutCookies(value, isOwnCookie)
      if (rest !== null) headers.set('cookie', rest)
      continue
    }
    headers.append(name, value)
  }
  for (const [name, value] of forwarded(ask, gateway.config)) headers.set(name, value)
  for (const [name, value] of identity) headers.set(name, value)
  if (ask.front === 'socket') {
    headers.set('upgrade', 'websocket')
    headers.set('connection', 'Upgrade')
  }
  return headers
}

// WHY: the handshake of each leg is its own; compression is negotiated per leg.
function isHandshake(folded: string): boolean {
  return folded === 'sec-websocket-key' || folded === 'sec-websocket-version' || folded === 'sec-websocket-extensions'
}

function forwarded(ask: Ask, config: Config): IdentityPairs {
  const pairs: [string, string][] = [
    ['x-forwarded-host', ask.host],
    ['x-forwarded-proto', config.origin.startsWith('https:') ? 'https' : 'http'],
    ['x-request-id', ask.requestId],
  ]
  if (ask.address !== null) pairs.push(['x-forwarded-for', ask.address])
  return pairs
}

/** Absolute URL of the upstream for a canonical target: exactly the bytes that were judged. */
export function upstreamUrl(ask: Ask, upstream: Upstream): string | null {
  const { path, query } = ask.target
  if (upstream.stripPrefix === '') return `${upstream.url}${path}${query}`
  if (path !== upstream.stripPrefix && !path.startsWith(`${upstream.stripPrefix}/`)) return null
  const rest = path.slice(upstream.stripPrefix.length)
  return `${upstream.url}${rest === '' ? '/' : rest}${query}`
}

/**
 * The upstream's answer for the client: hop-by-hop and our own cookie names removed, ours added, everything else as it
 * came. The same object when nothing has to change.
 */
export function undress(response: Response, setCookies: readonly string[]): Response {
  if (response.status === 101) return response
  const foreign = response.headers.getSetCookie()
  const allowed = foreign.filter((cookie) => !isOwnCookie(cookie.split('=', 1)[0]?.trim() ?? ''))
  const hops = [...response.headers.keys()].filter((name) => isHopByHop(name) || listedBy(response).includes(name))
  if (hops.length === 0 && allowed.length === foreign.length && setCookies.length === 0) return response
  const headers = new Headers(response.headers)
  for (const name of hops) headers.delete(name)
  headers.delete('set-cookie')
  for (const cookie of [...allowed, ...setCookies]) headers.append('set-cookie', cookie)
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers })
}

function listedBy(response: Response): readonly string[] {
  return connectionTokens(response.headers.get('connection')).filter((name) => name !== 'content-length')
}
