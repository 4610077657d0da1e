import type { AttributeType } from './condition.ts'
import type { PolicyData } from './language.ts'
import type { Source } from './source.ts'

/** What the rest of the configuration says exists; a policy that names anything else is refused. */
export interface Known {
  readonly upstreams: readonly {
    readonly name: string
    readonly caseInsensitive?: boolean
    /** A proxy that only asks lets requests through to it. */
    readonly forwardAuth?: boolean
    /** What is cut off a path before it is sent there; empty or not given: nothing. */
    readonly stripPrefix?: string
  }[]
  /** Ids of the configured providers. */
  readonly providers: readonly string[]
  /** Every host this deployment answers for. */
  readonly hosts: readonly string[]
  /** Declared user attributes, and how many characters their text may have. */
  readonly attributes: Readonly<Record<string, { readonly type: AttributeType; readonly maxLength?: number }>>
  /** Where Postern's own pages live, e.g. `/auth`. */
  readonly prefix: string
}

/** One file with its data. */
export interface Part {
  readonly source: Source
  readonly data: PolicyData
  /** `partial` when roles or permissions of the file had to be left out. */
  readonly names: 'whole' | 'partial'
}

/** What the files themselves say exists: found in all of them before rules are checked. */
export interface Vocabulary extends Known {
  readonly roles: ReadonlySet<string>
  readonly permissions: ReadonlySet<string>
}
