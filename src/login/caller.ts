import { isOfAnother } from '../core/account-field.ts'
import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { bearerOf } from '../core/bearer.ts'
import { isCrossSite } from '../core/client-kind.ts'
import type { FaultKind } from '../core/fault.ts'
import type { Subject, User } from '../core/person.ts'
import type { RefusalDetails } from '../pages/refusal.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import { type TokenCaller, tokenCaller } from '../session/caller.ts'
import { identifierOf } from '../session/identifier.ts'
import { type Identified, identify } from '../session/identify.ts'

/** A signed-in person. */
export type Person = Extract<Subject, { readonly kind: 'session' }>

/** A signed-in person, or the answer to whoever is none. */
export type Called = { readonly who: Person } | { readonly answer: Answer }

type Nobody = Exclude<Identified, { readonly kind: 'somebody' }>

function faultOf(identified: Nobody): FaultKind {
  if (identified.kind === 'nobody') return 'session-required'
  if (identified.kind === 'invalid') return 'session-invalid'
  return identified.reason === 'expired' ? 'session-expired' : 'session-revoked'
}

/**
 * Who asks, or the refusal that says why nobody does; the cookie is left alone (DECISIONS 2).
 *
 * INVARIANT: a token beside the cookie decides: the cookie is not read (seeds T1). An API token names no session.
 */
export async function caller(ask: Ask, gateway: Gateway, details: RefusalDetails = {}): Promise<Called> {
  const byToken = await tokenCaller(ask.credentials, gateway)
  if (byToken !== null) return { answer: tokenRefused(ask, gateway, byToken, details) }
  const identified = await identify(ask.credentials, identifierOf(gateway))
  if (identified.kind === 'somebody') return { who: identified.subject }
  return { answer: nobodyHere(ask, gateway, identified, details) }
}

/** The refusal that says why somebody is nobody. */
export function nobodyHere(ask: Ask, gateway: Gateway, who: Nobody, details: RefusalDetails = {}): Answer {
  const ended = who.kind === 'ended' ? who.reason : null
  const members = ended === null ? {} : { reason: ended }
  return refuse(ask, gateway, faultOf(who), { ended, members, ...details })
}

function tokenRefused(ask: Ask, gateway: Gateway, { kind }: TokenCaller, details: RefusalDetails): Answer {
  if (kind === 'ambiguous') return refuse(ask, gateway, 'bad-credential', details)
  if (kind === 'token-invalid') return refuse(ask, gateway, 'token-invalid', details)
  return refuse(ask, gateway, 'permission-denied', { members: { reason: 'token-refused' }, ...details })
}

/**
 * Who a sign-in comes back to, read from the store and not from memory; null when nobody does. By the cookie alone: it is
 * a browser that comes back, and what it is given is a cookie.
 */
export async function callerNow(ask: Ask, gateway: Gateway): Promise<Person | null> {
  const credentials = { ...ask.credentials, authorization: null }
  const identified = await identify(credentials, { ...identifierOf(gateway), freshness: 'anew', cacheMs: 0 })
  return identified.kind === 'somebody' ? identified.subject : null
}

/** Whether the session is presented as a bearer: by a client that is given no cookies, as it would not know what for. */
export function isBearer(ask: Pick<Ask, 'credentials'>): boolean {
  return bearerOf(ask.credentials.authorization) !== null
}

/**
 * Whether a form of ours was sent from a page that is none of ours. No page sends a bearer that it does not hold: whoever
 * presents one may (RFC 6750 section 5.2).
 */
export function isForeign(ask: Ask, gateway: Pick<Gateway, 'config'>): boolean {
  return !isBearer(ask) && isCrossSite(ask, gateway.config.origin)
}

/** The refusal of what is no POST of a page of ours; null when it is one. */
export function notOurForm(ask: Ask, gateway: Gateway): Answer | null {
  if (ask.method !== 'POST') return refuse(ask, gateway, 'method-not-allowed', { headers: [['allow', 'POST']] })
  return isForeign(ask, gateway) ? refuse(ask, gateway, 'cross-site') : null
}

/** Whether an account may not be used now (seeds G9). */
export function isBlocked(user: User, gateway: Pick<Gateway, 'runtime'>): boolean {
  const { standing } = user
  return standing.kind === 'banned' || (standing.kind === 'suspended' && standing.until > gateway.runtime.now())
}

/**
 * Who changes the own account by a form of ours; everybody else is refused.
 *
 * @param form - what was sent; a page of ours names in it the account it was shown to
 */
export async function owner(ask: Ask, gateway: Gateway, form: URLSearchParams): Promise<Called> {
  const wrong = notOurForm(ask, gateway)
  if (wrong !== null) return { answer: wrong }
  const called = await caller(ask, gateway)
  if ('answer' in called) return called
  // INVARIANT: a replaced key reads for a moment and never acts (DECISIONS 5).
  if (called.who.grace === true) return { answer: refuse(ask, gateway, 'session-invalid') }
  if (isOfAnother(form, called.who.user))
    return { answer: refuse(ask, gateway, 'other-account', { subject: called.who }) }
  if (!isBlocked(called.who.user, gateway)) return called
  return { answer: refuse(ask, gateway, 'account-suspended', { subject: called.who }) }
}
