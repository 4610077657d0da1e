import type { Seconds } from '../core/brand.ts'
import type { AuditNote } from './audit.ts'

/** One pushed policy version; `bundle` is canonical JSON whose hash is `hash`. */
export interface PolicyVersion {
  readonly hash: string
  readonly parent: string | null
  readonly bundle: string
  readonly pushedAt: Seconds
  readonly active: boolean
}

/** Pushed policy versions, and which one is in force. */
export interface PolicyStore {
  /** Hash of the pushed version in force; null when none is. */
  active(): Promise<string | null>
  read(hash: string): Promise<PolicyVersion | null>
  push(version: PolicyVersion, audit: AuditNote): Promise<void>
  /** Puts an older version in force again, or none (`unpush`) with null. */
  activate(hash: string | null, audit: AuditNote): Promise<boolean>
  history(limit: number): Promise<readonly PolicyVersion[]>
}
