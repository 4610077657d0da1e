import { type Seconds, seconds } from '../core/brand.ts'
import { digest } from '../core/bytes.ts'
import type { Gateway } from '../ports/gateway.ts'

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
  /** A logout token that was obeyed. */
  | 'logout'
  /** Two accounts a guest may choose from. */
  | 'choice'

// INVARIANT: a key has a dot, which no base64url digest has: no `state` ever leads to a side record.
async function keyOf(kind: SideRecordKind, name: string): Promise<string> {
  return `${kind}.${await digest(name)}`
}

/**
 * Keeps a small text for a time, in the store of sign-in attempts: it has what these need, one atomic take and an end.
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
  const { logins } = gateway.store
  const key = await keyOf(kind, name)
  const now = gateway.runtime.now()
  // WHY: an attempt is begun once; a record is replaced.
  await logins.take(key, now)
  await logins.begin({
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
  })
}

/** The text of a record; null when there is none. */
export async function readRecord(
  gateway: Pick<Gateway, 'store' | 'runtime'>,
  kind: SideRecordKind,
  name: string,
): Promise<string | null> {
  const found = await gateway.store.logins.peek(await keyOf(kind, name), gateway.runtime.now())
  return found?.posted?.extra ?? null
}

/** The text of a record, for exactly one caller. */
export async function takeRecord(
  gateway: Pick<Gateway, 'store' | 'runtime'>,
  kind: SideRecordKind,
  name: string,
): Promise<string | null> {
  const taken = await gateway.store.logins.take(await keyOf(kind, name), gateway.runtime.now())
  return taken?.posted?.extra ?? null
}

/** A moment so many seconds from now. */
export function fromNow(gateway: Pick<Gateway, 'runtime'>, count: number): Seconds {
  return seconds(gateway.runtime.now() + count)
}
