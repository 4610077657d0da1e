import type { Seconds, Sid, Tag, UserId } from '../core/brand.ts'

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

/** One of our sessions that began in a session of a provider. */
export interface Follower {
  readonly user: UserId
  readonly tag: Tag
  readonly sid: Sid
  /** When it can be forgotten: our session does not live longer. */
  readonly endsAt: Seconds
}

/** Sign-in attempts under way: each is taken once or never. Beside them, which sessions follow one of a provider. */
export interface LoginStore {
  /** Keeps an attempt, in the place of one that has the same key. */
  begin(transaction: LoginTransaction): Promise<void>
  /** Keeps an attempt where none is alive under its key at `now`: of many callers at once exactly one is told true. */
  claim(transaction: LoginTransaction, now: Seconds): Promise<boolean>
  /** Keeps the answer of a form-post provider; false when the transaction is gone or already has one. */
  attach(key: string, posted: { readonly code: string; readonly extra: string | null }, now: Seconds): Promise<boolean>
  /** Looks without taking; null when unknown or expired. */
  peek(key: string, now: Seconds): Promise<LoginTransaction | null>
  /** Gives a transaction to exactly one caller; null when unknown, taken or expired. */
  take(key: string, now: Seconds): Promise<LoginTransaction | null>
  /**
   * Puts a session in front of those that follow, in one step: of many callers at once none is lost. One that follows
   * already moves to the front, and its end never comes nearer: what it let in may live as long as it did before.
   *
   * @param most - how many may follow at a time; those that are over do not count
   * @returns those that had to go, the ones that came first
   */
  follow(key: string, follower: Follower, most: number, now: Seconds): Promise<readonly Follower[]>
  /** Sessions that follow and are not over, the newest first. */
  followers(key: string, now: Seconds): Promise<readonly Follower[]>
}
