import { type Seconds, seconds } from '../core/brand.ts'
import { base64url, fromBase64url, text, utf8 } from '../core/bytes.ts'
import type { Session } from '../core/person.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { ProviderOutcome } from '../ports/provider.ts'
import { keepRecord, readRecord, takeRecord } from '../session/side-record.ts'

/** What sign-out at the provider needs of one of our sessions. */
export interface ProviderSession {
  readonly provider: string
  readonly idToken: string | null
  /** The provider's own session. */
  readonly providerSid: string | null
}

/** One of our sessions, as a logout by the provider's session finds it. */
export interface Follower {
  readonly user: string
  readonly tag: string
  readonly sid: string
}

/** Sessions of ours that one session of a provider may have. */
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

/** Keeps the ID token, sealed, and which session of the provider one of ours began in, as long as ours can live. */
export async function rememberProviderSession(
  gateway: Gateway,
  session: Session,
  outcome: ProviderOutcome,
): Promise<void> {
  const { identity, providerSid } = outcome
  const idToken = outcome.idToken !== null && outcome.idToken.length <= MAX_ID_TOKEN ? outcome.idToken : null
  if (idToken === null && providerSid === null) {
    await takeRecord(gateway, 'provider-session', session.sid)
    return
  }
  const sealed = await seal(gateway, session.sid, { provider: identity.provider, idToken, providerSid })
  await keepRecord(gateway, 'provider-session', session.sid, sealed, session.endsAt)
  if (providerSid !== null) await follow(gateway, nameOf(identity.issuer, providerSid), session)
}

async function follow(gateway: Gateway, name: string, session: Session): Promise<void> {
  const kept = await readRecord(gateway, 'provider-sid', name)
  const others = followersOf(kept).filter(({ sid }) => sid !== session.sid)
  const me: Follower = { user: session.user, tag: session.tag, sid: session.sid }
  const until: Seconds = seconds(session.endsAt)
  await keepRecord(gateway, 'provider-sid', name, JSON.stringify([me, ...others].slice(0, FOLLOWERS)), until)
}

function followersOf(kept: string | null): readonly Follower[] {
  return kept === null ? [] : (JSON.parse(kept) as readonly Follower[])
}

/** What is kept of a session's provider, for exactly one caller: it is ending. */
export async function takeProviderSession(gateway: Gateway, sid: string): Promise<ProviderSession | null> {
  const kept = await takeRecord(gateway, 'provider-session', sid)
  return kept === null ? null : unseal(gateway, sid, kept)
}

/** Our sessions that began in one session of a provider and still belong to it. */
export async function followers(gateway: Gateway, issuer: string, providerSid: string): Promise<readonly Follower[]> {
  const known = followersOf(await readRecord(gateway, 'provider-sid', nameOf(issuer, providerSid)))
  const checked = await Promise.all(
    known.map(async (one) => {
      const kept = await readRecord(gateway, 'provider-session', one.sid)
      const present = kept === null ? null : await unseal(gateway, one.sid, kept)
      return present?.providerSid === providerSid ? [one] : []
    }),
  )
  return checked.flat()
}
