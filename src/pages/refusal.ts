import type { EndReason, Standing, Subject } from '../core/person.ts'
import type { Rule } from '../policy/model.ts'

/** What else is known about a refusal; everything is optional. */
export interface RefusalDetails {
  readonly rule?: Rule | null
  /** Who asks; undefined: nobody asked the store. */
  readonly subject?: Subject | null
  readonly headers?: readonly (readonly [string, string])[]
  /** Further members of the problem body. */
  readonly members?: Readonly<Record<string, unknown>>
  readonly ended?: EndReason | null
  readonly standing?: Standing
  readonly parameter?: string
  /** The sign-in to start again, with its destination. */
  readonly restart?: { readonly provider: string; readonly returnTo: string } | null
  /** Overrides the judgment of what kind of client asks. */
  readonly as?: 'program'
}

/** The standing a refusal is about: the given one, else the caller's. */
export function standingOf(details: RefusalDetails): Standing | null {
  if (details.standing !== undefined) return details.standing
  const { subject } = details
  return subject === undefined || subject === null || subject.kind === 'fixed-token' ? null : subject.user.standing
}
