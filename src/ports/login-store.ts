import type { Seconds } from '../core/brand.ts'

/** One sign-in attempt; taken exactly once. */
export interface LoginTransaction {
  /** base64url SHA-256 of `state`. */
  readonly key: string
  readonly provider: string
  readonly purpose: 'sign-in' | 'link' | 'reauthenticate' | 'promote'
  readonly codeVerifier: string
  readonly nonce: string
  readonly returnTo: string
  /** `sid` of the session it began in; null when nobody was signed in. */
  readonly sid: string | null
  /** base64url SHA-256 of the secret in the browser's transaction cookie. */
  readonly browser: string
  readonly remember: boolean
  readonly createdAt: Seconds
  readonly expiresAt: Seconds
  /** What a form-post provider sent, waiting for the finishing GET; null before. */
  readonly posted: { readonly code: string; readonly extra: string | null } | null
}

/** Sign-in attempts under way: each is taken once or never. */
export interface LoginStore {
  begin(transaction: LoginTransaction): Promise<void>
  /** Keeps the answer of a form-post provider; false when the transaction is gone or already has one. */
  attach(key: string, posted: { readonly code: string; readonly extra: string | null }, now: Seconds): Promise<boolean>
  /** Looks without taking; null when unknown or expired. */
  peek(key: string, now: Seconds): Promise<LoginTransaction | null>
  /** Gives a transaction to exactly one caller; null when unknown, taken or expired. */
  take(key: string, now: Seconds): Promise<LoginTransaction | null>
}
