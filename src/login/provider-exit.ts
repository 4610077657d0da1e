import type { Ask } from '../core/ask.ts'
import { base64url } from '../core/bytes.ts'
import { clientKind } from '../core/client-kind.ts'
import { cookieValues, hostCookie } from '../core/cookie.ts'
import type { Session } from '../core/person.ts'
import type { Gateway } from '../ports/gateway.ts'
import { cookieForm } from '../session/open.ts'
import { fromNow, keepRecord, readRecord, takeRecord } from '../session/side-record.ts'
import { takeProviderSession } from './provider-session.ts'

/** The end-session address of a provider, and what the provider is called. */
export interface ProviderExit {
  readonly provider: string
  readonly url: string
}

/** One of our sessions, as far as ending the provider's own needs it. */
type Left = Pick<Session, 'sid' | 'provider'>

/** How long after signing out here the session at the provider can still be ended from here, seconds. */
const EXIT_SECONDS = 600
/** How long a page waits to learn whether a provider can end its sessions. */
const PATIENCE_MS = 1000

function landing({ config }: Gateway): string {
  return `${config.origin}${config.prefix}/signed-out`
}

/**
 * Whether a provider can end its own session when asked.
 *
 * TRADE-OFF: one that does not say so within a second counts as one that cannot: nobody waits for a provider in order to
 * leave.
 */
export async function canEnd(gateway: Gateway, providerId: string): Promise<boolean> {
  const provider = gateway.providers.get(providerId)
  if (provider === undefined) return false
  const asked = provider.endSession(null, landing(gateway))
  gateway.runtime.background(asked)
  const over = Promise.withResolvers<null>()
  const timer = setTimeout(over.resolve, PATIENCE_MS, null)
  const url = await Promise.race([asked, over.promise])
  clearTimeout(timer)
  return url !== null
}

/** Where the provider ends its own session; null when it has no such place (OpenID Connect RP-Initiated Logout 1.0). */
export async function providerExit(gateway: Gateway, left: Left): Promise<ProviderExit | null> {
  const kept = await takeProviderSession(gateway, left.sid)
  const provider = gateway.providers.get(kept?.provider ?? left.provider)
  if (provider === undefined) return null
  const url = await provider.endSession(kept?.idToken ?? null, landing(gateway))
  return url === null ? null : { provider: provider.name, url }
}

/** What a sign-out here leaves behind: what the landing page says, and the cookie its button needs. */
export interface LeftOpen {
  /** Query of the landing page; empty when no provider has a part in the session. */
  readonly query: Readonly<Record<string, string>>
  readonly cookies: readonly (readonly [string, string])[]
}

/**
 * Remembers for ten minutes which session was left, so that the landing page can still end the provider's own.
 *
 * ATTACK: the way out carries an ID token. Only the browser that signed out holds the secret to it: an address could be
 * read over a shoulder, and the public name of a session is known to the game's pages.
 */
export async function leaveOpen(ask: Ask, gateway: Gateway, left: Left): Promise<LeftOpen> {
  if (clientKind(ask) === 'program' || !gateway.providers.has(left.provider)) return { query: {}, cookies: [] }
  const query = { at: left.provider }
  if (!(await canEnd(gateway, left.provider))) return { query, cookies: [] }
  const secret = base64url(gateway.runtime.random(16))
  const { sid, provider } = left
  await keepRecord(gateway, 'exit', secret, JSON.stringify({ sid, provider }), fromNow(gateway, EXIT_SECONDS))
  return { query, cookies: [cookieOf(ask, gateway, secret, EXIT_SECONDS)] }
}

function nameOf(gateway: Gateway): string {
  return `${gateway.cookies.transaction}exit`
}

function cookieOf(ask: Ask, gateway: Gateway, secret: string, maxAge: number): readonly [string, string] {
  return ['set-cookie', hostCookie(nameOf(gateway), secret, { maxAge, ...cookieForm(ask, gateway) })]
}

function secretOf(ask: Ask, gateway: Gateway): string | null {
  return cookieValues(ask.credentials.cookie ?? '', nameOf(gateway))[0] ?? null
}

/** Whether this browser left a session whose provider can still be asked to end its own. */
export async function isLeftOpen(ask: Ask, gateway: Gateway): Promise<boolean> {
  const secret = secretOf(ask, gateway)
  return secret !== null && (await readRecord(gateway, 'exit', secret)) !== null
}

/** The session this browser left a moment ago, once, and the header that forgets it; null when there is none. */
export async function takeLeftOpen(
  ask: Ask,
  gateway: Gateway,
): Promise<{ readonly left: Left; readonly cookie: readonly [string, string] } | null> {
  const secret = secretOf(ask, gateway)
  const kept = secret === null ? null : await takeRecord(gateway, 'exit', secret)
  return kept === null ? null : { left: JSON.parse(kept) as Left, cookie: cookieOf(ask, gateway, '', 0) }
}
