import type { Seconds, UserId } from '../core/brand.ts'
import type { Page, Paged } from './page.ts'

/** Everything that is written down for good, by name. */
export const AUDIT_EVENTS = [
  'sign-in',
  'sign-in-refused',
  'sign-up',
  'guest-created',
  'guest-promoted',
  'sign-out',
  'session-revoked',
  'session-rotated',
  'character-selected',
  'identity-linked',
  'identity-unlinked',
  'identity-primary',
  'roles-changed',
  'standing-changed',
  'attributes-changed',
  'quota-set',
  'user-removed',
  'token-created',
  'token-rotated',
  'token-revoked',
  'key-rotated',
  'key-revoked',
  'policy-changed',
  'policy-refused',
  'access-refused',
  'audit-read',
  'audit-retained',
  'admin-invited',
  'operator-called',
] as const

/** One of them. */
export type AuditEvent = (typeof AUDIT_EVENTS)[number]

/** Who did what to whom; given to every mutating operation and written in the same step. */
export interface AuditNote {
  readonly event: AuditEvent
  readonly at: Seconds
  /** Opaque user id, `operator`, `token:<id>` or `system`. */
  readonly actor: UserId | string
  /** Opaque user id, or null when nobody is concerned. */
  readonly subject: UserId | null
  readonly requestId: string
  readonly policy: string
  /**
   * Short machine words: role names, reasons, provider; no e-mail, name, token, cookie or address. WHY: the chain stays when a person
   * is removed, so nothing personal may be in it.
   */
  readonly detail: Readonly<Record<string, string | number | boolean | null>>
}

/** A written record: its place in the chain of its shard. */
export interface AuditRecord extends AuditNote {
  readonly chain: string
  readonly sequence: number
  /**
   * Hex SHA-256 over the hash before (empty for the first) and this record's JSON without blanks and hash, members in
   * order: actor, at, chain, detail (its members in order too), event, policy, requestId, sequence, subject.
   */
  readonly hash: string
}

/** Which records to read, both ends of the time inclusive; null: no bound. */
export interface AuditFilter {
  readonly from: Seconds | null
  readonly to: Seconds | null
  readonly subject: UserId | null
  readonly event: AuditEvent | null
  /** Oldest first unless said otherwise. */
  readonly order?: 'oldest' | 'newest'
}

/** What a walk along the hash chains found. */
export type AuditVerification =
  | { readonly kind: 'intact'; readonly records: number }
  | { readonly kind: 'broken'; readonly chain: string; readonly sequence: number; readonly problem: string }

/** Where retention cut a chain off: its last removed record, from whose hash the rest goes on. */
export interface Checkpoint {
  readonly chain: string
  readonly sequence: number
  readonly hash: string
}

/** A checkpoint with the statement that was signed when it was made; null when there is none. */
export interface SignedCheckpoint extends Checkpoint {
  readonly signature: string | null
}

/** Signs a checkpoint before the records in front of it go. */
export type SignCheckpoint = (checkpoint: Checkpoint) => Promise<string>

/** Append-only, hash-chained record of what happened. */
export interface AuditStore {
  append(note: AuditNote): Promise<void>
  read(filter: AuditFilter, page: Page): Promise<Paged<AuditRecord>>
  /** Walks the chains from their checkpoints; who signed those is for `checkpoints` and the key ring to say. */
  verify(): Promise<AuditVerification>
  /** Drops records older than `before`; each step leaves a signed checkpoint that keeps the chain verifiable. */
  retain(before: Seconds, sign: SignCheckpoint): Promise<number>
  /** The checkpoint of every chain that retention has cut. */
  checkpoints(): Promise<readonly SignedCheckpoint[]>
}
