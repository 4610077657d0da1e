import type { Seconds } from '../core/brand.ts'
import type { AuditNote } from './audit.ts'

/** One signing key in a list for operators. */
export interface KeyState {
  readonly kid: string
  readonly algorithm: string
  /** `published`: given beside the one that signs. */
  readonly state: 'next' | 'current' | 'previous' | 'published'
  /** Null for a given key. */
  readonly createdAt: Seconds | null
  /** From when it signs; null for a given key. */
  readonly activeAt: Seconds | null
}

/** The keys are given: they are changed in the secret of this name, not here. */
export interface Given {
  readonly kind: 'given'
  readonly secret: string
}

/** What a rotation did: a key that signs from `activeAt` on, or the one that is waiting already. */
export type Rotation =
  | { readonly kind: 'added'; readonly kid: string; readonly activeAt: Seconds; readonly retires: string }
  | { readonly kind: 'pending'; readonly kid: string; readonly activeAt: Seconds }
  | Given

/** What a revocation did: `signs` is the key that signs from now on. */
export type Revocation = { readonly kind: 'revoked'; readonly signs: string } | { readonly kind: 'unknown' } | Given

/** Plain facts that are signed for years, members in a fixed order. */
export type Statement = Readonly<Record<string, string | number>>

/** Signing keys as operators handle them. */
export interface KeyRing {
  list(): Promise<readonly KeyState[]>
  /** Publishes a next key now; it signs in 24 h, and the current one stays published 24 h longer. */
  rotate(audit: AuditNote): Promise<Rotation>
  /** Takes a key out of use and out of the JWKS at once. */
  revoke(kid: string, audit: AuditNote): Promise<Revocation>
  /** Signs facts with the key of now: a compact JWS that no verifier of assertions takes. */
  attest(statement: Statement): Promise<string>
  /** Whether these very facts were signed by a key of this deployment while it was in use; retired keys count. */
  attested(jws: string, statement: Statement): Promise<boolean>
}
