import type { Permission, RoleName, Seconds } from '../core/brand.ts'

/** Where something stands in a policy file; lines and columns count from 1. */
export interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** One role as the compiled policy knows it; `permissions` is expanded: inheritance and wildcards resolved. */
export interface Role {
  readonly name: RoleName
  readonly displayName: string
  readonly system: boolean
  readonly level: number
  /** Every permission it grants; `*` alone stands for all, also those no role lists. */
  readonly permissions: readonly Permission[]
  readonly manages: readonly RoleName[]
  readonly sessionSeconds: Seconds | null
  readonly idleSeconds: Seconds | null
  readonly maxSessions: number | null
  readonly at: Position
}

/** One segment of a rule's path. */
export type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'param'; readonly name: string }
  | { readonly kind: 'rest' }

/** What a path or query parameter must look like (seeds I1, I2). */
export interface ParamRule {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly type: 'text' | 'slug' | 'uuid' | 'int' | 'enum' | 'pattern'
  readonly min: number | null
  readonly max: number | null
  readonly values: readonly string[]
  /** Anchored source of a checked pattern; null unless type is `pattern`. */
  readonly pattern: string | null
  readonly maxLength: number
  readonly required: boolean
  /** Poison words (`undefined`, `null`) that this rule takes as values. */
  readonly allowWords: readonly string[]
  /** `user.id`: the value must equal the caller's own id. */
  readonly equals: 'user.id' | null
  /** Where a navigation with a bad value is sent instead of an error page. */
  readonly redirect: { readonly missing: string; readonly malformed: string } | null
}

/** Who may: every non-empty part must hold. */
export interface Demands {
  readonly anyPermission: readonly Permission[]
  readonly allPermissions: readonly Permission[]
  /** Any of these roles. */
  readonly roles: readonly RoleName[]
  readonly minLevel: number | null
  readonly character: boolean
  readonly freshWithin: Seconds | null
  /** `allow`: guests pass; `refuse`: guests are told to sign in; `auto`: one may be made on a navigation. */
  readonly guest: 'refuse' | 'allow' | 'auto'
  readonly tokens: 'refuse' | 'allow'
  /** CEL source; null when the rule has no condition. */
  readonly when: string | null
}

/** A limit per key and window. */
export interface RateLimit {
  /** Rules that name the same one are counted together; not given: the rule alone. */
  readonly name?: string
  readonly limit: number
  readonly windowSeconds: Seconds
  readonly per: 'user' | 'session' | 'address'
}

/** How many a user may make in all, by role (seeds A26). */
export interface Quota {
  readonly name: string
  readonly limits: Readonly<Record<string, number | null>>
  readonly effect: 'raise' | 'lower'
}

/** Where `onSuccess` finds a value. */
export interface Source {
  readonly from: 'path' | 'request' | 'answer'
  readonly name: string
}

/** What a 2xx of the upstream does to the session (seeds C3-C8). */
export type OnSuccess =
  | { readonly kind: 'select'; readonly id: Source; readonly world: Source; readonly characterName: Source | null }
  | { readonly kind: 'deselect' }
  | { readonly kind: 'sign-out' }
  | { readonly kind: 'set-attribute'; readonly name: string; readonly value: string | number | boolean }

/** A rule may be split by one field of a small JSON body: value of the field -> demands. */
export interface BodySplit {
  readonly field: string
  readonly cases: Readonly<Record<string, Demands>>
}

/** One route of a policy file, compiled. */
export interface Rule {
  /** The `id` of the file, or `<method> <path>`; unique in a policy. */
  readonly id: string
  readonly at: Position
  readonly mode: 'enforce' | 'shadow'
  readonly upstream: string
  /** Empty: every configured host. */
  readonly hosts: readonly string[]
  readonly path: string
  readonly segments: readonly Segment[]
  /** Upper case; empty: every method but CONNECT and TRACE. GET covers HEAD. */
  readonly methods: readonly string[]
  readonly access: 'public' | 'optional' | 'session' | 'deny'
  readonly denyStatus: 403 | 404 | 410
  /** What to do instead, where the status is 410. */
  readonly denyText?: string
  readonly demands: Demands
  readonly params: readonly ParamRule[]
  /** Canonical forms that are refused unless the rule takes them: `;` and an encoded slash. */
  readonly allowForms: readonly (';' | '%2F')[]
  readonly body: BodySplit | null
  readonly quota: Quota | null
  readonly rateLimit: RateLimit | null
  readonly maxBody: number | null
  readonly timeoutSeconds: Seconds | null
  /** `auto`: Origin is checked on unsafe methods and upgrades of cookie sessions. */
  readonly csrf: 'auto' | 'off'
  /** Exact origins beside the own one that may call with credentials. */
  readonly origins: readonly string[]
  readonly websocket: {
    readonly lease: 'on' | 'off'
    readonly unauthenticated: 'refuse' | 'accept-then-close'
    readonly maxAgeSeconds: Seconds | null
  }
  /** Parameters whose values never reach a log. */
  readonly redact: readonly string[]
  /** False: its traffic does not slide the session (seeds S23). */
  readonly activity: boolean
  readonly onSuccess: OnSuccess | null
  /** Attributes that must be true (registration); navigations go to `page`, the rest gets 403 `onboarding_required`. */
  readonly onboarding: { readonly attribute: string; readonly page: string } | null
  /** True where the upstream, or any that a `deny` rule keeps people from, folds case: the rule of `/admin` judges `/ADMIN`. */
  readonly foldCase?: boolean
}

/** The canonical JSON that `postern compile` writes and every runtime loads; `hash` is its version. */
export interface PolicyBundle {
  readonly format: 1
  /** `sha256:<hex>` over the canonical JSON of all other fields but `parent`. */
  readonly hash: string
  readonly parent: string | null
  readonly roles: readonly Role[]
  readonly defaultRole: RoleName
  readonly guestRole: RoleName | null
  readonly rolesPerUser: 'one' | 'many'
  /** Every permission any role or rule names, sorted. */
  readonly permissions: readonly Permission[]
  readonly rules: readonly Rule[]
}
