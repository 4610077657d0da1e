import type { EndReason, Standing, Subject } from '../core/person.ts'
import { adminReturn } from '../core/redirect.ts'
import type { Rule } from '../policy/model.ts'

/** The sign-in to start again, with its destination; `account`: what failed begins on the account page. */
export interface Restart {
  readonly provider: string
  readonly returnTo: string
  readonly from?: 'account'
}

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
  readonly restart?: Restart | null
  /** Why somebody who proved who they are is not let in; `sign-up` unless said. */
  readonly admission?: 'list' | 'sign-up'
  /** `account`: what is not found was asked for as a part of one's own account. */
  readonly from?: 'account'
  /** Overrides the judgment of what kind of client asks. */
  readonly as?: 'program'
}

/** The standing a refusal is about: the given one, else the caller's. */
export function standingOf(details: RefusalDetails): Standing | null {
  if (details.standing !== undefined) return details.standing
  const { subject } = details
  return subject === undefined || subject === null || subject.kind === 'fixed-token' ? null : subject.user.standing
}

/** An own page, and what it was asked about: the code of a device, or the request of a program. */
const OWN = /^([a-z]+)(\?(?:user_code|request)=[A-Za-z0-9_-]{1,64}$)?/

/**
 * The query that brings a sign-in back to a destination: own pages are named, everything else is an address.
 *
 * WHY: own routes that may follow a sign-in have names instead (SPEC 3), but for pages of the administration, of which there
 * are as many as people.
 */
export function wayBack(destination: string, prefix: string): string {
  const isAddressed = destination !== `${prefix}/admin` && adminReturn(destination, prefix) !== null
  if (isAddressed) return `return_to=${encodeURIComponent(destination)}`
  const [, own, carried = ''] = destination.startsWith(`${prefix}/`)
    ? (OWN.exec(destination.slice(prefix.length + 1)) ?? [])
    : []
  return own === undefined ? `return_to=${encodeURIComponent(destination)}` : `to=${own}${carried.replace('?', '&')}`
}
