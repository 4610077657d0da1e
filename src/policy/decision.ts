import type { Permission } from '../core/brand.ts'
import type { Rule } from './model.ts'

/** Why a signed-in caller is refused. */
export type ForbidReason =
  | 'permission'
  | 'role'
  | 'level'
  | 'condition'
  | 'not-own'
  | 'token-refused'
  | 'rule-denies'
  | 'no-rule'

/** What is wrong with a parameter: the last word of its code (seeds I1). */
export type ParamProblem = 'missing' | 'empty' | 'malformed'

/**
 * What the policy says about one request. Total and synchronous; `authorize` adds what only it can know
 * (ended sessions, cross-site requests, limits).
 */
export type Decision =
  | { readonly kind: 'allow'; readonly rule: Rule }
  | { readonly kind: 'unknown-route' }
  | { readonly kind: 'method-not-allowed'; readonly allow: readonly string[]; readonly beside: readonly Rule[] }
  | { readonly kind: 'bad-form'; readonly rule: Rule; readonly form: ';' | '%2F' }
  | {
      readonly kind: 'bad-parameter'
      readonly rule: Rule
      readonly parameter: string
      readonly problem: ParamProblem
      /**
       * What was sent, where it is a word that a script writes for an id it does not have: `undefined`, `null`, `NaN`, `true`, `false`.
       * Null for every other value: this goes to the log, and other values may be secrets (seeds I3).
       */
      readonly word: string | null
    }
  | { readonly kind: 'bad-body'; readonly rule: Rule; readonly problem: string }
  | { readonly kind: 'needs-session'; readonly rule: Rule }
  | { readonly kind: 'needs-fresh'; readonly rule: Rule }
  | { readonly kind: 'guest-required'; readonly rule: Rule }
  | { readonly kind: 'guest-refused'; readonly rule: Rule }
  | { readonly kind: 'suspended'; readonly rule: Rule }
  | {
      readonly kind: 'forbid'
      readonly rule: Rule
      readonly reason: ForbidReason
      readonly missing: readonly Permission[]
      readonly level: number | null
    }
  | { readonly kind: 'not-found'; readonly rule: Rule }
  /** The rule says what to do instead (seeds C1). */
  | { readonly kind: 'gone'; readonly rule: Rule }
  | { readonly kind: 'onboarding'; readonly rule: Rule; readonly page: string }
  /** `gone`: one was selected, and is no more (seeds 2.3). */
  | { readonly kind: 'needs-character'; readonly rule: Rule; readonly gone: boolean }
