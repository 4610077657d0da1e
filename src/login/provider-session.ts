import type { Ask } from '../core/ask.ts'
import { type Seconds, seconds } from '../core/brand.ts'
import { base64url, fromBase64url, text, utf8 } from '../core/bytes.ts'
import type { Session } from '../core/person.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { Follower } from '../ports/login-store.ts'
import type { LogoutClaims, ProviderOutcome } from '../ports/provider.ts'
import type { ProvenIdentity } from '../ports/store.ts'
import { note } from '../session/note.ts'
import { fromNow, keepRecord, readRecord, recordKey, takeRecord } from '../session/side-record.ts'

/** What sign-out at the provider needs of one of our sessions. */
export interface ProviderSession {
  readonly provider: string
  readonly idToken: string | null
  /** The provider's own session. */
  readonly providerSid: string | null
  /** The provider's name in its own tokens, and when it issued this one; absent in older records. */
  readonly issuer?: string
  readonly issuedAt?: number | null
}

/** Longer than a person may choose, or a program may wait, before a session is opened, seconds. */
const ORDER_SECONDS = 1800
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

/** The name under which a session of a provider is followed: a hash, so that it may stand in our own session. */
export function followKey(issuer: string, providerSid: string): Promise<string> {
  return recordKey('provider-sid', `${issuer}\n${providerSid}`)
}

/** What is kept of a proven person: where they came from, and what ends there ends here. */
export interface Kept extends Pick<ProviderOutcome, 'idToken' | 'providerSid' | 'issuedAt'> {
  readonly identity: Pick<ProvenIdentity, 'provider' | 'issuer' | 'subject'>
}

/**
 * Keeps the ID token, sealed, and which session of the provider one of ours began in, as long as ours can live.
 *
 * INVARIANT: it is kept before the browser has the session's cookie: there is no session that a logout at its provider
 * does not find (OpenID Connect Back-Channel Logout 1.0 section 2.7). One that came while the sign-in was on its way found
 * nothing, so it is looked for here, after ours can be found: of the two at least one sees the other.
 *
 * @returns `over` when the provider ended its session meanwhile: ours has ended with it
 */
export async function rememberProviderSession(
  ask: Ask,
  gateway: Gateway,
  session: Session,
  kept: Kept,
): Promise<'goes-on' | 'over'> {
  await remember(ask, gateway, session, kept)
  if (!(await isEndedThere(gateway, kept))) return 'goes-on'
  const { user: id, tag, sid } = session
  const audit = note(gateway, ask, 'session-revoked', 'system', id, { sid, by: `provider:${kept.identity.provider}` })
  await gateway.store.sessions.revokeSid({ id, tag }, sid, 'signed-out', gateway.runtime.now(), audit)
  gateway.sessions.drop(tag)
  return 'over'
}

async function isEndedThere(gateway: Gateway, { identity, providerSid, issuedAt }: Kept): Promise<boolean> {
  const { provider, issuer, subject } = identity
  if (gateway.providers.get(provider)?.logout === undefined) return false
  const key = providerSid === null ? null : await followKey(issuer, providerSid)
  const [session, person] = await Promise.all([
    key !== null && isProviderSessionOver(gateway, { key, issuedAt }),
    isOver(gateway, 'subject-over', subjectName(issuer, subject), issuedAt),
  ])
  return session || person
}

async function remember(ask: Ask, gateway: Gateway, session: Session, kept: Kept): Promise<void> {
  const { identity, providerSid, issuedAt } = kept
  const { issuer } = identity
  const idToken = kept.idToken !== null && kept.idToken.length <= MAX_ID_TOKEN ? kept.idToken : null
  if (idToken === null && providerSid === null) {
    await takeRecord(gateway, 'provider-session', session.sid)
    return
  }
  const sealed = await seal(gateway, session.sid, {
    ...{ provider: identity.provider, idToken, providerSid },
    ...{ issuer, issuedAt },
  })
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
  const key = await followKey(issuer, providerSid)
  const gone = await putFollower(gateway, key, { user, tag, sid, endsAt })
  // TRADE-OFF: a session of a provider is one browser, and so many of ours in it are hardly alive; the list has an end
  // all the same, and whoever reads the log knows whom an order with `sid` will not find.
  for (const _ of gone)
    gateway.runtime.observe({ kind: 'sign-in', requestId: ask.requestId, provider, outcome: 'follower-let-go' })
}

function putFollower(gateway: Gateway, key: string, follower: Follower): Promise<readonly Follower[]> {
  return gateway.store.logins.follow(key, follower, FOLLOWERS, gateway.runtime.now())
}

/** A session of a provider that something of ours follows. */
export interface Followed {
  /** As `followKey` names it. */
  readonly key: string
  /** When the provider issued the token that said so, by its own clock, seconds; null: not known. */
  readonly issuedAt: number | null
}

/** Which session of a provider one of ours follows at this moment; null when none is known. */
export async function followedBy(gateway: Gateway, sid: string): Promise<Followed | null> {
  const kept = await readRecord(gateway, 'provider-session', sid)
  const {
    issuer,
    providerSid = null,
    issuedAt = null,
  } = (kept === null ? null : await unseal(gateway, sid, kept)) ?? {}
  return issuer === undefined || providerSid === null ? null : { key: await followKey(issuer, providerSid), issuedAt }
}

/**
 * A program follows the session of the provider in which it was let in.
 *
 * WHY: it takes no place of its own among those that follow: it is found by the browser's session that let it in, which
 * stays on the list as long as the program lives, also when it is over itself.
 */
export async function followWith(gateway: Gateway, { key }: Followed, by: Session, endsAt: Seconds): Promise<void> {
  const { user, tag, sid } = by
  await putFollower(gateway, key, { user, tag, sid, endsAt: seconds(Math.max(by.endsAt, endsAt)) })
}

function subjectName(issuer: string, subject: string): string {
  return `${issuer}\n${subject}`
}

/**
 * Leaves word of an order for whatever of ours is on its way and not to be found yet.
 *
 * INVARIANT: before sessions are looked for: each side leaves its mark before it looks for the other's.
 */
export async function leaveOrder(gateway: Gateway, order: LogoutClaims): Promise<void> {
  const { issuer, subject, providerSid, issuedAt } = order
  const kind = providerSid === null ? 'subject-over' : 'provider-sid-over'
  const name = providerSid === null ? subjectName(issuer, subject ?? '') : await followKey(issuer, providerSid)
  // WHY: orders may come in another order than they were given in, and the last one given counts.
  const before = Number((await readRecord(gateway, kind, name)) ?? 0)
  await keepRecord(gateway, kind, name, String(Math.max(before, issuedAt)), fromNow(gateway, ORDER_SECONDS))
}

/** Whether a provider ended one of its sessions lately, after the token that something of ours has of it. */
export function isProviderSessionOver(gateway: Gateway, { key, issuedAt }: Followed): Promise<boolean> {
  return isOver(gateway, 'provider-sid-over', key, issuedAt)
}

/** TRADE-OFF: of two of the provider's tokens of one second nobody knows the order; then the end of a session counts. */
async function isOver(
  gateway: Gateway,
  kind: 'provider-sid-over' | 'subject-over',
  name: string,
  issuedAt: number | null,
): Promise<boolean> {
  const over = await readRecord(gateway, kind, name)
  return over !== null && (issuedAt === null || issuedAt <= Number(over))
}

/** What is kept of a session's provider, for exactly one caller: it is ending. */
export async function takeProviderSession(gateway: Gateway, sid: string): Promise<ProviderSession | null> {
  const kept = await takeRecord(gateway, 'provider-session', sid)
  return kept === null ? null : unseal(gateway, sid, kept)
}

/** Whom an order with `sid` is about. */
export interface Following {
  /** Our sessions in browsers that began in that session of the provider. */
  readonly known: readonly Follower[]
  /** Those of them that still belong to it. */
  readonly present: readonly Follower[]
  /** Whether some began in it, and all of them are of other people than the order names. */
  readonly ofOthers: boolean
}

/**
 * Our sessions that follow the session of a provider that an order names; where it names a person too, only theirs.
 *
 * @see OpenID Connect Back-Channel Logout 1.0 section 2.6 rules 10 and 11: `sub` and `sid` are those of one ID token
 */
export async function followersOf(
  gateway: Gateway,
  { issuer, subject }: Pick<LogoutClaims, 'issuer' | 'subject'>,
  key: string,
  providerSid: string,
): Promise<Following> {
  const all = await gateway.store.logins.followers(key, gateway.runtime.now())
  const named = subject === null ? null : await gateway.store.directory.find(issuer, subject)
  const checked = await Promise.all(
    all.map(async (one) => {
      const kept = await readRecord(gateway, 'provider-session', one.sid)
      const session = kept === null ? null : await unseal(gateway, one.sid, kept)
      const isPresent = session?.providerSid === providerSid
      const proven = isPresent ? subjectOf(session.idToken) : null
      // WHY: where the ID token is gone, whose account it is tells; where neither tells, the order is believed.
      const isOther = proven !== null ? proven !== subject : named !== null && named.id !== one.user
      return { one, isPresent, isMeant: subject === null || !isOther }
    }),
  )
  const meant = checked.filter(({ isMeant }) => isMeant)
  return {
    known: meant.map(({ one }) => one),
    present: meant.filter(({ isPresent }) => isPresent).map(({ one }) => one),
    ofOthers: all.length > 0 && meant.length === 0,
  }
}

/** The subject of an ID token that was verified before it was kept; null when it was not kept. */
function subjectOf(idToken: string | null): string | null {
  const claims = idToken === null ? null : fromBase64url(idToken.split('.')[1] ?? '')
  if (claims === null) return null
  const { sub } = JSON.parse(text(claims)) as { readonly sub?: unknown }
  return typeof sub === 'string' ? sub : null
}
