import type { Ask } from '../core/ask.ts'

/**
 * Everything the product reports about itself, as one closed union. No observation carries a cookie, code, token,
 * secret or e-mail address; users appear by id, sessions by `sid`, routes by rule.
 */
export type Observation =
  | {
      readonly kind: 'request'
      readonly requestId: string
      /** How it came. */
      readonly front: Ask['front']
      readonly method: string
      /** Path with values of redacted parameters replaced; never the query. */
      readonly path: string
      readonly host: string
      readonly rule: string | null
      readonly outcome: string
      /** The problem code that was told; null: none. */
      readonly code: string | null
      readonly status: number
      readonly userId: string | null
      readonly sid: string | null
      readonly upstream: string | null
      readonly durationMs: number
      readonly policy: string
      /** Only of a bad parameter (seeds I3): its name, what was sent in its place, and that itself where it is one of a few words. */
      readonly parameter?: string
      readonly value?: 'missing' | 'blank' | 'word' | 'pattern'
      readonly word?: string | null
    }
  | { readonly kind: 'sign-in'; readonly requestId: string; readonly provider: string; readonly outcome: string }
  /** A request that has no canonical form, or is for a host that is none of ours: no rule was asked about it. */
  | { readonly kind: 'unaskable'; readonly requestId: string; readonly code: string; readonly status: number }
  | {
      readonly kind: 'store-unavailable'
      readonly operation: string
      readonly reason: string
      /** The request that was refused for it, and its rule; not given: none was. */
      readonly requestId?: string
      readonly rule?: string | null
    }
  /** Others on the machine may read the file of the store, which holds the root secret, and it could not be helped. */
  | { readonly kind: 'store-exposed'; readonly file: string; readonly hint: string }
  | {
      readonly kind: 'upstream-failed'
      readonly requestId: string
      readonly upstream: string
      readonly reason: string
      readonly rule: string | null
    }
  | { readonly kind: 'provider-failed'; readonly provider: string; readonly step: string; readonly reason: string }
  | { readonly kind: 'event-untaken'; readonly upstream: string; readonly users: number; readonly reason: string }
  | {
      /** Beside the sweep (seeds S37). */
      readonly kind: 'sessions-counted'
      readonly active: number
      readonly total: number
      readonly activeWithinSeconds: number
    }
  | { readonly kind: 'policy-loaded'; readonly hash: string; readonly rules: number }
  | { readonly kind: 'policy-refused'; readonly reason: string }
  | { readonly kind: 'not-ready'; readonly reason: string }
  | { readonly kind: 'policy-waits'; readonly hash: string; readonly pushed: string; readonly hint: string }
  | { readonly kind: 'shadow'; readonly requestId: string; readonly rule: string; readonly outcome: string }
  | { readonly kind: 'onsuccess-skipped'; readonly requestId: string; readonly rule: string; readonly reason: string }
  | { readonly kind: 'socket-opened'; readonly requestId: string; readonly rule: string; readonly sid: string | null }
  | {
      readonly kind: 'socket-closed'
      readonly requestId: string
      readonly rule: string
      /** The close code the client saw or sent. */
      readonly code: number
      readonly by: 'client' | 'upstream' | 'gateway'
      readonly sid: string | null
      readonly seconds: number
    }
  | {
      /** An event stream that was ended here. */
      readonly kind: 'stream-cut'
      readonly requestId: string
      readonly rule: string
      readonly reason: string
      readonly sid: string | null
      readonly seconds: number
    }
  | { readonly kind: 'background-failed'; readonly task: string; readonly reason: string }
  | { readonly kind: 'bug'; readonly requestId: string; readonly message: string; readonly stack: string }
  /** `firstAdmins` names nobody; whether somebody is one already, only the store knows. */
  | { readonly kind: 'first-admin-unnamed'; readonly hint: string }
  | { readonly kind: 'started'; readonly runtime: string; readonly origin: string; readonly policy: string }
  | { readonly kind: 'stopped'; readonly runtime: string }
