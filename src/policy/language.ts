/** A policy file as it is written, after its form was checked by `schema.ts`; the types here and the schema hold each other. */

type Maybe<T> = T | undefined
/** Seconds, or `30s`, `5m`, `8h`, `7d`. */
export type DurationData = number | string

/** The demands of a rule or of a body case, as written. */
export interface DemandData {
  readonly permission?: Maybe<string>
  readonly anyPermission?: Maybe<string[]>
  readonly allPermissions?: Maybe<string[]>
  readonly role?: Maybe<string | string[]>
  readonly minLevel?: Maybe<number>
  readonly character?: Maybe<'selected'>
  readonly when?: Maybe<string>
}

/** A parameter in its long form. */
export interface ParamMap {
  readonly in?: Maybe<'path' | 'query'>
  readonly type?: Maybe<'text' | 'slug' | 'uuid' | 'int' | 'enum' | 'pattern'>
  readonly min?: Maybe<number>
  readonly max?: Maybe<number>
  readonly values?: Maybe<string[]>
  readonly pattern?: Maybe<string>
  readonly maxLength?: Maybe<number>
  readonly required?: Maybe<boolean>
  readonly allowWords?: Maybe<string[]>
  readonly equals?: Maybe<'user.id'>
  readonly redirect?: Maybe<string | { readonly missing: string; readonly malformed: string }>
}

/** One parameter as written: only its type, or everything about it. */
export type ParamData = 'text' | 'slug' | 'uuid' | 'int' | ParamMap

/** What a 2xx does to the session, as written. */
export interface OnSuccessData {
  readonly select?: Maybe<{ readonly id: string; readonly world: string; readonly name?: Maybe<string> }>
  readonly deselect?: Maybe<true>
  readonly signOut?: Maybe<true>
  readonly setAttribute?: Maybe<{ readonly name: string; readonly value: string | number | boolean }>
}

/** A rate limit as written: of a rule, or of all rules of a file that have none. */
export interface RateData {
  readonly name?: Maybe<string>
  readonly limit: number
  readonly window: DurationData
  readonly per?: Maybe<'user' | 'session' | 'address'>
}

/** One rule as written. */
export interface RuleData extends DemandData {
  readonly id?: Maybe<string>
  readonly path: string
  readonly methods?: Maybe<string | string[]>
  readonly host?: Maybe<string | string[]>
  readonly upstream?: Maybe<string>
  readonly access?: Maybe<'public' | 'optional' | 'session' | 'deny'>
  readonly denyStatus?: Maybe<403 | 404 | 410>
  readonly denyText?: Maybe<string>
  readonly freshWithin?: Maybe<DurationData>
  readonly guest?: Maybe<'refuse' | 'allow' | 'auto'>
  readonly tokens?: Maybe<'refuse' | 'allow'>
  readonly params?: Maybe<Record<string, ParamData>>
  readonly allowForms?: Maybe<(';' | '%2F')[]>
  readonly body?: Maybe<{ readonly field: string; readonly cases: Record<string, DemandData> }>
  readonly quota?: Maybe<{
    readonly name: string
    readonly limits?: Maybe<Record<string, number | 'unlimited'>>
    readonly effect?: Maybe<'raise' | 'lower'>
  }>
  readonly rateLimit?: Maybe<RateData>
  readonly maxBody?: Maybe<number | string>
  readonly timeout?: Maybe<DurationData>
  readonly csrf?: Maybe<'auto' | 'off'>
  readonly origins?: Maybe<string[]>
  readonly websocket?: Maybe<{
    readonly lease?: Maybe<'on' | 'off'>
    readonly unauthenticated?: Maybe<'refuse' | 'accept-then-close'>
    readonly maxAge?: Maybe<DurationData>
  }>
  readonly redact?: Maybe<string[]>
  readonly activity?: Maybe<boolean>
  readonly onSuccess?: Maybe<OnSuccessData>
  readonly onboarding?: Maybe<{ readonly attribute: string; readonly page: string }>
  readonly mode?: Maybe<'enforce' | 'shadow'>
}

/** One role as written. */
export interface RoleData {
  readonly displayName?: Maybe<string>
  readonly system?: Maybe<boolean>
  readonly level: number
  readonly permissions: string[]
  readonly inherits?: Maybe<string | string[]>
  readonly manages?: Maybe<string[]>
  readonly sessionTtl?: Maybe<DurationData>
  readonly idleTtl?: Maybe<DurationData>
  readonly maxSessions?: Maybe<number>
}

/** Who asks in a test, in the long form. */
export interface CallerMap {
  readonly roles?: Maybe<string[]>
  readonly permissions?: Maybe<string[]>
  readonly guest?: Maybe<boolean>
  readonly character?: Maybe<boolean>
  readonly id?: Maybe<string>
  readonly attributes?: Maybe<Record<string, string | number | boolean>>
  readonly signedInAgo?: Maybe<DurationData>
  readonly standing?: Maybe<'active' | 'suspended' | 'banned'>
  readonly token?: Maybe<true | string[]>
  readonly provider?: Maybe<string>
}

/** Who asks in a test, as written: `nobody`, a role name, `role + character`, or everything about the caller. */
export type CallerData = string | CallerMap

/** What a test expects: `allow`, a status, or the exact kind of the decision. */
export type OutcomeData = string | number

/** One test as written. */
export interface TestData {
  readonly name: string
  readonly request: string
  readonly host?: Maybe<string>
  /** Whether the client shows a certificate that is verified. */
  readonly certificate?: Maybe<boolean>
  readonly body?: Maybe<string | number | boolean>
  readonly as?: Maybe<CallerData>
  readonly expect: OutcomeData | Record<string, OutcomeData>
  readonly rule?: Maybe<string>
}

/** A policy file that has the right form. */
export interface PolicyData {
  readonly users?: Maybe<{
    readonly defaultRole: string
    readonly guestRole?: Maybe<string>
    readonly roles?: Maybe<'one' | 'many'>
  }>
  readonly permissions?: Maybe<string[]>
  readonly roles?: Maybe<Record<string, RoleData>>
  readonly upstream?: Maybe<string>
  readonly host?: Maybe<string | string[]>
  readonly rateLimit?: Maybe<RateData>
  /** Null stands where a rule had the wrong form and was left out. */
  readonly rules?: Maybe<(RuleData | null)[]>
  readonly tests?: Maybe<(TestData | null)[]>
  readonly acknowledge?: Maybe<string[]>
}
