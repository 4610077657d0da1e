import type { Ask } from '../core/ask.ts'
import { base64url, fromBase64url, text, utf8 } from '../core/bytes.ts'
import type { Session } from '../core/person.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { Follower } from '../ports/login-store.ts'
import type { ProviderOutcome } from '../ports/provider.ts'
import type { ProvenIdentity } from '../ports/store.ts'
import { keepRecord, readRecord, recordKey, takeRecord } from '../session/side-record.ts'

/** What sign-out at the provider needs of one of our sessions. */
export interface ProviderSession {
  readonly provider: string
  readonly idToken: string | null
  /** The provider's own session. */
  readonly providerSid: string | null
}

/** How many sessions of ours may follow one of a provider; the first to come goes first. */
const FOLLOWERS = 16
/** Longer ID tokens are not kept: sign-out then goes without the hint. */
const MAX_ID_TOKEN = 8192

/** INVARIANT: the key is of one session only, and is made from the root secret: the store alone cannot open it. */
async function sealKey(gateway: Gateway, sid: string): Promise<CryptoKey> {
  const bits = await crypto.subtle.sign('HMAC', gateway.mac, utf8(`provider session of ${sid}`))
  return crypto.subtle.importKey('raw', bits, 'AES-GCM', false, ['encrypt', 'decrypt'])
}

async function seal(gateway: Gateway, sid: string, value: ProviderSession): Promise<string> {
  const iv = gateway.runtime.random(12)
  const key = await sealKey(gateway, sid)
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, utf8(JSON.stringify(value)))
  return `${base64url(iv)}.${base64url(new Uint8Array(sealed))}`
}

async function unseal(gateway: Gateway, sid: string, kept: string): Promise<ProviderSession | null> {
  const [iv, sealed] = kept.split('.').map(fromBase64url)
  if (iv === undefined || iv === null || sealed === undefined || sealed === null) return null
  const key = await sealKey(gateway, sid)
  const opened = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, sealed)
  return JSON.parse(text(new Uint8Array(opened))) as ProviderSession
}

function nameOf(issuer: string, providerSid: string): string {
  return `${issuer}\n${providerSid}`
}

/** What is kept of a proven person: where they came from, and what ends there ends here. */
export interface Kept extends Pick<ProviderOutcome, 'idToken' | 'providerSid'> {
  readonly identity: Pick<ProvenIdentity, 'provider' | 'issuer'>
}

/**
 * Keeps the ID token, sealed, and which session of the provider one of ours began in, as long as ours can live.
 *
 * INVARIANT: it is kept before the browser has the session's cookie: there is no session that a logout at its provider
 * does not find (OpenID Connect Back-Channel Logout 1.0 section 2.7).
 */
export async function rememberProviderSession(ask: Ask, gateway: Gateway, session: Session, kept: Kept): Promise<void> {
  const { identity, providerSid } = kept
  const idToken = kept.idToken !== null && kept.idToken.length <= MAX_ID_TOKEN ? kept.idToken : null
  if (idToken === null && providerSid === null) {
    await takeRecord(gateway, 'provider-session', session.sid)
    return
  }
  const sealed = await seal(gateway, session.sid, { provider: identity.provider, idToken, providerSid })
  await Promise.all([
    keepRecord(gateway, 'provider-session', session.sid, sealed, session.endsAt),
    providerSid === null ? null : follow(ask, gateway, identity, providerSid, session),
  ])
}

async function follow(
  ask: Ask,
  gateway: Gateway,
  { issuer, provider }: Kept['identity'],
  providerSid: string,
  { user, tag, sid, endsAt }: Session,
): Promise<void> {
  const key = await recordKey('provider-sid', nameOf(issuer, providerSid))
  const now = gateway.runtime.now()
  const gone = await gateway.store.logins.follow(key, { user, tag, sid, endsAt }, FOLLOWERS, now)
  // TRADE-OFF: a session of a provider is one browser, and so many of ours in it are hardly alive; the list has an end
  // all the same, and whoever reads the log knows whom an order with `sid` will not find.
  for (const _ of gone)
    gateway.runtime.observe({ kind: 'sign-in', requestId: ask.requestId, provider, outcome: 'follower-let-go' })
}

/** What is kept of a session's provider, for exactly one caller: it is ending. */
export async function takeProviderSession(gateway: Gateway, sid: string): Promise<ProviderSession | null> {
  const kept = await takeRecord(gateway, 'provider-session', sid)
  return kept === null ? null : unseal(gateway, sid, kept)
}

/** Our sessions that began in one session of a provider and still belong to it. */
export async function followersOf(gateway: Gateway, issuer: string, providerSid: string): Promise<readonly Follower[]> {
  const key = await recordKey('provider-sid', nameOf(issuer, providerSid))
  const known = await gateway.store.logins.followers(key, gateway.runtime.now())
  const checked = await Promise.all(
    known.map(async (one) => {
      const kept = await readRecord(gateway, 'provider-session', one.sid)
      const present = kept === null ? null : await unseal(gateway, one.sid, kept)
      return present?.providerSid === providerSid ? [one] : []
    }),
  )
  return checked.flat()
}
