import type { Permission, Seconds, UserId } from '../core/brand.ts'
import type { User, UserRef } from '../core/person.ts'
import type { AuditNote } from './audit.ts'

/** A stored API token; the secret itself is never stored. */
export interface ApiToken {
  readonly id: string
  /** `<tag>.<base64url SHA-256 of the secret>` */
  readonly key: string
  readonly owner: UserId
  readonly name: string
  readonly description: string
  readonly scopes: readonly Permission[] | null
  readonly createdAt: Seconds
  readonly expiresAt: Seconds | null
  readonly lastUsedAt: Seconds | null
  readonly uses: number
  /** Calls an hour; null: no limit of its own (seeds T6). */
  readonly hourlyLimit: number | null
}

/** What is known of a token key. */
export type FoundToken =
  | { readonly kind: 'live'; readonly token: ApiToken; readonly owner: User }
  | { readonly kind: 'unknown' }

/** How long a token is shown after its end. */
export const SHOWN_SECONDS: number = 86_400

/** API tokens of users, by the hash of their secret. */
export interface TokenStore {
  /**
   * Stores a token; `full`, and nothing is changed, when its owner has `most` that are neither over nor replaced. Those
   * that are over make room, the first to end first, so that more than `most` are never kept.
   */
  create(owner: UserRef, token: ApiToken, most: number, audit: AuditNote): Promise<'created' | 'no-user' | 'full'>
  /** Token, owner and standing in one read; expired and revoked ones are unknown. */
  read(key: string, now: Seconds): Promise<FoundToken>
  /** Coalesced: called at most once a minute per token. */
  touch(key: string, now: Seconds, uses: number): Promise<void>
  /** Oldest first, without those that were replaced; one that is over is shown a day longer. */
  list(owner: UserRef, now: Seconds): Promise<readonly ApiToken[]>
  /** The new token at once, the old one until `overlapUntil`. */
  rotate(
    owner: UserRef,
    id: string,
    fresh: ApiToken,
    overlapUntil: Seconds,
    audit: AuditNote,
  ): Promise<'rotated' | 'unknown'>
  revoke(owner: UserRef, id: string, audit: AuditNote): Promise<boolean>
}
