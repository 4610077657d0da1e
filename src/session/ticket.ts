import type { PresentedTicket } from '../core/ask.ts'
import { type Seconds, type SessionKey, seconds } from '../core/brand.ts'
import { base64url, digest, equalBytes, utf8 } from '../core/bytes.ts'
import type { Gateway } from '../ports/gateway.ts'
import { type Identified, judgeFound, told } from './identify.ts'

/** How long a ticket waits for its socket. */
export const TICKET_SECONDS = 30

/** A ticket as a client holds it: `ptk_<secret><mac>`, 47 characters. */
const SHAPE = /^ptk_([A-Za-z0-9_-]{32})([A-Za-z0-9_-]{11})$/

type Keeper = Pick<Gateway, 'config' | 'mac' | 'store' | 'runtime'>

// WHY: a word no tag of a user is, so that no session token and no ticket share a mac.
async function macOf(mac: CryptoKey, secret: string): Promise<string> {
  const signature = await crypto.subtle.sign('HMAC', mac, utf8(`ticket.${secret}`))
  return base64url(new Uint8Array(signature).subarray(0, 8))
}

function hashOf(secret: string): Promise<string> {
  return digest(`socket-ticket:${secret}`)
}

/** Makes a ticket for one path and one session; its text is told once and never stored. */
export async function issueTicket(
  { mac, store, runtime }: Keeper,
  sessionKey: SessionKey,
  path: string,
): Promise<{ readonly text: string; readonly expiresAt: Seconds }> {
  const secret = base64url(runtime.random(24))
  const expiresAt = seconds(runtime.now() + TICKET_SECONDS)
  await store.tickets.issue({ hash: await hashOf(secret), sessionKey, path, expiresAt })
  return { text: `ptk_${secret}${await macOf(mac, secret)}`, expiresAt }
}

/**
 * Who a ticket names: it is taken from the store first, so that it opens one socket or none. A wrong mac costs no store call.
 *
 * @throws StoreUnavailable when the store is silent
 */
export async function identifyTicket(
  { values, path }: PresentedTicket,
  { mac, store, runtime, config }: Keeper,
): Promise<Identified | { readonly kind: 'ticket-invalid' }> {
  const invalid = { kind: 'ticket-invalid' } as const
  const [value, second] = values
  // ATTACK: two tickets are two people: neither is believed.
  if (value === undefined || second !== undefined) return invalid
  const [, secret, given] = SHAPE.exec(value) ?? []
  if (secret === undefined || given === undefined) return invalid
  if (!equalBytes(utf8(await macOf(mac, secret)), utf8(given))) return invalid
  const now = runtime.now()
  const ticket = await store.tickets.take(await hashOf(secret), now)
  // INVARIANT: spent also where it does not fit: a ticket shown at another path is in wrong hands.
  if (ticket === null || ticket.path !== path) return invalid
  const found = await store.sessions.read(ticket.sessionKey as SessionKey, now)
  return told(judgeFound(found, now, 'read'), config.session)
}
