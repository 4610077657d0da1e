import type { Ask, Credentials } from '../core/ask.ts'
import { bearerOf, SPENT_BEARER } from '../core/bearer.ts'
import type { EndReason, Subject } from '../core/person.ts'
import type { Rule } from '../policy/model.ts'
import type { Gateway } from '../ports/gateway.ts'
import { StoreUnavailable } from '../ports/store.ts'
import type { LeaseTerms } from '../ports/upstream.ts'
import { type Caller, callerOf } from '../session/caller.ts'
import { judgeFound } from '../session/identify.ts'
import { judgeAgain } from './authorize.ts'
import { challenge } from './challenge.ts'
import type { Verdict } from './verdict.ts'

/** How a live socket or stream is ended, in words of RFC 6455 section 7.4; 4000-4999 are for applications. */
export interface Closing {
  readonly code: 4401 | 4403 | 4409 | 4423 | 4503 | 1012 | 1013
  readonly reason: string
}

/** Seconds a lease outlives a silent store (SPEC 10). */
export const GRACE_SECONDS = 60

const NO_CREDENTIALS: Credentials = { cookie: null, authorization: null, apiToken: null }

const ENDED: Readonly<Record<EndReason, Closing>> = {
  expired: { code: 4401, reason: 'session expired' },
  'signed-out': { code: 4401, reason: 'signed out' },
  kicked: { code: 4401, reason: 'kicked' },
  banned: { code: 4423, reason: 'account suspended' },
  evicted: { code: 4409, reason: 'signed in elsewhere' },
}

/** How a verdict ends what was allowed before; null while it still is. */
export function closingOf(verdict: Verdict): Closing | null {
  switch (verdict.kind) {
    case 'allow':
      return null
    case 'challenge':
      return verdict.ended === null ? { code: 4401, reason: 'signed out' } : ENDED[verdict.ended]
    case 'refuse':
      return verdict.refusal.kind === 'suspended' ? ENDED.banned : { code: 4403, reason: 'permission lost' }
    case 'bad-credential':
    case 'token-in-url':
    case 'cross-site':
    case 'limited':
      return { code: 4403, reason: 'permission lost' }
  }
}

/** How a socket ends that is accepted only so that a browser can read why it may not stay. */
export function politeClosing(verdict: Verdict): Closing {
  const ended = verdict.kind === 'challenge' ? verdict.ended : null
  return ended === null ? { code: 4401, reason: 'sign in' } : ENDED[ended]
}

/** One live socket or event stream, held as long as its session may do what it does. */
export interface Lease {
  readonly ask: Ask
  /** Who holds it, as the store last said: a rotated key or a fresh version moves in here. */
  subject: Subject
  /** When the store last answered for it, seconds. */
  confirmedAt: number
  end(closing: Closing): void
}

/**
 * The terms under which a rule lets a socket live; null when nothing would ever end it. A session is known by its key
 * from here on: neither its cookie nor its bearer is kept.
 */
export function leaseTerms(ask: Ask, rule: Rule, subject: Subject | null): LeaseTerms | null {
  const { lease, maxAgeSeconds } = rule.websocket
  if (lease === 'off' || (subject === null && maxAgeSeconds === null)) return null
  const kept = subject?.kind === 'session' ? { ...ask, credentials: spent(ask) } : ask
  return { ask: kept, subject, rule: rule.id, maxAgeSeconds, activity: rule.activity }
}

// WHY: what was opened by a ticket or a bearer is judged again as such: it never had an Origin to show.
function spent({ credentials: { ticket, authorization } }: Ask): Credentials {
  if (ticket !== undefined) return { ...NO_CREDENTIALS, ticket: { values: [], path: ticket.path } }
  return bearerOf(authorization) === null ? NO_CREDENTIALS : { ...NO_CREDENTIALS, authorization: SPENT_BEARER }
}

/** Whose leases are judged together: one store read for all of them. */
export function holderOf(subject: Subject): string {
  return subject.kind === 'session' ? subject.session.sid : `token:${subject.token.id}`
}

/** Who holds a lease now, past every cache: one store read; a second one when the session's key was replaced long ago. */
async function callerNow({ ask, subject }: Lease, gateway: Gateway): Promise<Caller> {
  if (subject.kind !== 'session') return callerOf(ask.credentials, gateway, 'anew')
  const { sessions } = gateway.store
  const now = gateway.runtime.now()
  const found = await sessions.read(subject.session.key, now)
  if (found.kind !== 'unknown') return judgeFound(found, now, 'read')
  // INVARIANT: rotation never ends a lease: the session is found again by its public name (DECISIONS 5).
  const current = (await sessions.list(subject.user, now)).find(({ sid }) => sid === subject.session.sid)
  return judgeFound(current === undefined ? found : await sessions.read(current.key, now), now, 'read')
}

/**
 * Judges the leases of one holder anew by the same decision that opened them, after one store read; ends those that are
 * lost, or all of them when the store has been silent for the grace.
 */
export async function recheck(leases: readonly Lease[], gateway: Gateway): Promise<void> {
  const [first] = leases
  if (first === undefined) return
  const now = gateway.runtime.now()
  try {
    const caller = await callerNow(first, gateway)
    for (const lease of leases) {
      // ATTACK: where nobody is needed, whoever was signed out would stay inside as the person they were.
      const isStillSomebody = caller.kind === 'somebody'
      const closing = closingOf(isStillSomebody ? judgeAgain(lease.ask, gateway, caller) : challenge(null, caller))
      if (closing !== null) {
        lease.end(closing)
        continue
      }
      lease.confirmedAt = now
      if (isStillSomebody) lease.subject = caller.subject
    }
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error
    for (const lease of leases)
      if (now - lease.confirmedAt > GRACE_SECONDS) lease.end({ code: 4503, reason: 'sessions cannot be checked' })
  }
}
