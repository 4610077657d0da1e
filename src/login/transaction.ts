import type { Ask } from '../core/ask.ts'
import { seconds } from '../core/brand.ts'
import { base64url, digest } from '../core/bytes.ts'
import { cookieNames, cookieValues, hostCookie } from '../core/cookie.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { LoginTransaction } from '../ports/login-store.ts'
import type { Provider } from '../ports/provider.ts'
import { fromNow, keepRecord, readRecord } from '../session/side-record.ts'

/** Whether an attempt is to sign somebody in, who may have been a guest. */
export function isToSignIn({ purpose }: Pick<LoginTransaction, 'purpose'>): boolean {
  return purpose === 'sign-in' || purpose === 'promote'
}

/** How long a sign-in attempt may take, seconds. */
export const TRANSACTION_SECONDS = 600
/** How long the destination of an attempt is remembered, seconds: a late callback still knows where to go. */
const DESTINATION_SECONDS = 3600
/** Attempts that may be alive in one browser; the oldest goes first (DECISIONS 13). */
export const TRANSACTIONS_PER_BROWSER = 16

/** So many characters of its key name the cookie of an attempt. */
const NAME_CHARACTERS = 8

/** What a new attempt is for. */
export interface Wish {
  readonly purpose: LoginTransaction['purpose']
  /** Checked: an address by `safeReturnTo`, or an own page. */
  readonly returnTo: string
  readonly remember: boolean
  readonly sid: string | null
}

/** A stored attempt and what the browser and the provider are told of it. */
export interface Begun {
  readonly state: string
  readonly transaction: LoginTransaction
  readonly setCookies: readonly string[]
}

/** Stores an attempt bound to this browser; the secrets exist only in the answer. */
export async function beginTransaction(ask: Ask, gateway: Gateway, provider: Provider, wish: Wish): Promise<Begun> {
  const { runtime } = gateway
  const now = runtime.now()
  const state = base64url(runtime.random(32))
  const browser = base64url(runtime.random(16))
  const transaction: LoginTransaction = {
    key: await digest(state),
    provider: provider.id,
    purpose: wish.purpose,
    codeVerifier: base64url(runtime.random(32)),
    nonce: base64url(runtime.random(16)),
    returnTo: wish.returnTo,
    sid: wish.sid,
    browser: await digest(browser),
    remember: wish.remember,
    createdAt: now,
    expiresAt: seconds(now + DESTINATION_SECONDS),
    posted: null,
  }
  await gateway.store.logins.begin(transaction)
  const sameSite = provider.formPost ? 'None' : 'Lax'
  const value = `${now.toString(36)}.${browser}`
  const own = hostCookie(nameOf(gateway, transaction.key), value, { maxAge: TRANSACTION_SECONDS, sameSite })
  return { state, transaction, setCookies: [...overflowing(ask, gateway), own] }
}

/** Whether an attempt took too long; its destination may still be known. */
export function isOver(transaction: LoginTransaction, now: number): boolean {
  return transaction.createdAt + TRANSACTION_SECONDS <= now
}

/** Where an attempt led. */
export interface Led {
  readonly provider: string
  readonly returnTo: string
  /** What it was for; absent in older records. */
  readonly purpose?: LoginTransaction['purpose']
}

/** Remembers where a taken attempt led, for a callback that comes twice (seeds S26). */
export async function rememberSpent(gateway: Gateway, state: string, attempt: LoginTransaction): Promise<void> {
  const { provider, returnTo, purpose } = attempt
  const until = fromNow(gateway, DESTINATION_SECONDS)
  await keepRecord(gateway, 'spent', state, JSON.stringify({ provider, returnTo, purpose }), until)
}

/** Where the taken attempt of this `state` led; null when it is not known any more. */
export async function spentAttempt(gateway: Gateway, state: string): Promise<Led | null> {
  const kept = await readRecord(gateway, 'spent', state)
  if (kept === null) return null
  const { provider, returnTo, ...rest } = JSON.parse(kept) as Partial<Led>
  return provider === undefined || returnTo === undefined ? null : { provider, returnTo, ...rest }
}

function nameOf(gateway: Gateway, key: string): string {
  return `${gateway.cookies.transaction}${key.slice(0, NAME_CHARACTERS)}`
}

function overflowing(ask: Ask, gateway: Gateway): readonly string[] {
  const header = ask.credentials.cookie ?? ''
  const length = gateway.cookies.transaction.length + NAME_CHARACTERS
  const names = cookieNames(header).filter(
    (name) => name.length === length && name.startsWith(gateway.cookies.transaction),
  )
  const aged = names.map((name) => ({ name, at: Number.parseInt(cookieValues(header, name)[0] ?? '0', 36) || 0 }))
  // WHY: browsers send the cookie that was set first in front (RFC 6265 section 5.4), which tells those of one second apart.
  return aged
    .reverse()
    .sort((a, b) => b.at - a.at)
    .slice(TRANSACTIONS_PER_BROWSER - 1)
    .map(({ name }) => hostCookie(name, '', { maxAge: 0, sameSite: 'Lax' }))
}

/** Whether this browser holds the secret of an attempt. */
export async function isBoundToBrowser(ask: Ask, gateway: Gateway, transaction: LoginTransaction): Promise<boolean> {
  const values = cookieValues(ask.credentials.cookie ?? '', nameOf(gateway, transaction.key))
  for (const value of values) {
    const secret = value.split('.')[1]
    if (secret !== undefined && (await digest(secret)) === transaction.browser) return true
  }
  return false
}

/** Deletes the cookie of a finished attempt. */
export function finishedCookie(gateway: Gateway, transaction: LoginTransaction, provider: Provider): string {
  return hostCookie(nameOf(gateway, transaction.key), '', { maxAge: 0, sameSite: provider.formPost ? 'None' : 'Lax' })
}
