import { type Seconds, seconds } from '../core/brand.ts'
import { digest } from '../core/bytes.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { LoginTransaction } from '../ports/login-store.ts'

/** What is remembered beside sessions and attempts. */
export type SideRecordKind =
  /** Where a finished attempt led, for a callback that comes twice. */
  | 'spent'
  /** The ID token and the provider's own session of one of our sessions. */
  | 'provider-session'
  /** Our sessions that began in one session of a provider. */
  | 'provider-sid'
  /** The session a browser left, for ending the provider's own. */
  | 'exit'
  /** A logout token that was obeyed, or is just being obeyed. */
  | 'logout'
  /** When a provider ended one of its sessions, for sign-ins and programs that are on their way. */
  | 'provider-sid-over'
  /** When a provider ended all sessions of a subject, for the same. */
  | 'subject-over'
  /** Two accounts a guest may choose from. */
  | 'choice'
  /** A device that asks for a session, by the digest of its code. */
  | 'device'
  /** Which device a player means, by the code it shows. */
  | 'user-code'
  /** What a player decided about a device, by the digest of its code. */
  | 'device-answer'
  /** A program's request for a session, while its player signs in and decides. */
  | 'native-request'
  /** What an authorization code stands for. */
  | 'native-code'
  /** The session made from an authorization code. */
  | 'native-code-used'
  /** An authorization code that came again. */
  | 'native-code-again'

/**
 * The key of a record in the store of sign-in attempts.
 *
 * INVARIANT: it has a dot, which no base64url digest has: no `state` ever leads to a side record.
 */
export async function recordKey(kind: SideRecordKind, name: string): Promise<string> {
  return `${kind}.${await digest(name)}`
}

function recordOf(
  key: string,
  kind: SideRecordKind,
  value: string,
  now: Seconds,
  expiresAt: Seconds,
): LoginTransaction {
  return {
    key,
    provider: '',
    purpose: 'sign-in',
    codeVerifier: '',
    nonce: '',
    returnTo: '',
    sid: null,
    // INVARIANT: no browser holds the secret of an empty digest.
    browser: '',
    remember: false,
    createdAt: now,
    expiresAt,
    posted: { code: kind, extra: value },
  }
}

/**
 * Keeps a small text for a time, in the place of what was kept under its name. It is in the store of sign-in attempts,
 * which has what these need: one atomic take and an end.
 *
 * @param name - secret or not: only its SHA-256 is stored
 */
export async function keepRecord(
  gateway: Pick<Gateway, 'store' | 'runtime'>,
  kind: SideRecordKind,
  name: string,
  value: string,
  expiresAt: Seconds,
): Promise<void> {
  const record = recordOf(await recordKey(kind, name), kind, value, gateway.runtime.now(), expiresAt)
  await gateway.store.logins.begin(record)
}

/** Keeps a text where nothing is kept under its name: of many callers at once exactly one is told true. */
export async function claimRecord(
  gateway: Pick<Gateway, 'store' | 'runtime'>,
  kind: SideRecordKind,
  name: string,
  value: string,
  expiresAt: Seconds,
): Promise<boolean> {
  const now = gateway.runtime.now()
  return gateway.store.logins.claim(recordOf(await recordKey(kind, name), kind, value, now, expiresAt), now)
}

/** The text of a record; null when there is none. */
export async function readRecord(
  gateway: Pick<Gateway, 'store' | 'runtime'>,
  kind: SideRecordKind,
  name: string,
): Promise<string | null> {
  const found = await gateway.store.logins.peek(await recordKey(kind, name), gateway.runtime.now())
  return found?.posted?.extra ?? null
}

/** The text of a record, for exactly one caller. */
export async function takeRecord(
  gateway: Pick<Gateway, 'store' | 'runtime'>,
  kind: SideRecordKind,
  name: string,
): Promise<string | null> {
  const taken = await gateway.store.logins.take(await recordKey(kind, name), gateway.runtime.now())
  return taken?.posted?.extra ?? null
}

/** A moment so many seconds from now. */
export function fromNow(gateway: Pick<Gateway, 'runtime'>, count: number): Seconds {
  return seconds(gateway.runtime.now() + count)
}
