import type { Seconds } from '../core/brand.ts'
import type { AuditNote } from './audit.ts'

/** A secret or key pair made at first run; `sealed` is encrypted under the root secret except the root itself. */
export interface StoredKey {
  readonly kid: string
  readonly purpose: 'root' | 'assertion' | 'message'
  readonly algorithm: string
  /** base64url of the sealed private part. */
  readonly sealed: string
  /** The public JWK as JSON; empty for symmetric keys. */
  readonly publicJwk: string
  readonly createdAt: Seconds
  /** From when it signs; published 24 h before. */
  readonly activeAt: Seconds
  /** From when it neither signs nor is published; null while open. */
  readonly retiredAt: Seconds | null
}

/** Which keys a new one ends, and from when: one, or (null) every one of its purpose that is open. */
export interface KeyEnd {
  readonly kid: string | null
  readonly at: Seconds
}

/** Signing keys and the root secret, sealed. */
export interface KeyStore {
  /** All keys of a purpose that are not retired at `now`, oldest first. */
  list(purpose: StoredKey['purpose'], now: Seconds): Promise<readonly StoredKey[]>
  /** First writer wins: answers the stored keys, with `fresh` among them only if there were none. */
  ensure(purpose: StoredKey['purpose'], fresh: StoredKey, now: Seconds): Promise<readonly StoredKey[]>
  /**
   * Adds a key and sets the end of others in the same step. Two keys of a purpose never wait at the same time: answers
   * the one that waits already, and changes nothing, unless that is the one to end; null when the key was added.
   */
  add(key: StoredKey, ends: KeyEnd, audit: AuditNote): Promise<StoredKey | null>
  retire(kid: string, at: Seconds, audit: AuditNote): Promise<boolean>
}
