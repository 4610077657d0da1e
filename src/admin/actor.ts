import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { bearerOf } from '../core/bearer.ts'
import { isSafe } from '../core/client-kind.ts'
import type { FaultKind } from '../core/fault.ts'
import type { Subject, User } from '../core/person.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import { type Caller, callerOf, keyUse } from '../session/caller.ts'
import { countTokenCall, excessDetails } from '../session/token-limit.ts'

/**
 * Which credentials a place takes: `any` of a person or a token, but no session of a program; `session-only`, a program's
 * too; `browser-only`, the cookie of a session.
 */
export type Takes = 'any' | 'session-only' | 'browser-only'

/** The person or token that asks, or the answer that says why nobody may. */
export type Asking = { readonly subject: Subject } | { readonly answer: Answer }

/**
 * Who asks for something administrative. The store is asked anew: what somebody lost a moment ago is lost here at once.
 * An unsafe method with a cookie needs our own Origin (CSRF).
 *
 * @param told - `as-asked`: a refusal is a page for people, a problem for programs
 */
export async function askingSubject(
  ask: Ask,
  gateway: Gateway,
  takes: Takes,
  told: 'program' | 'as-asked' = 'program',
): Promise<Asking> {
  const caller = await callerOf(ask.credentials, gateway, 'anew', keyUse(ask))
  const no = (fault: FaultKind, details: Parameters<typeof refuse>[3] = {}): Asking => {
    return { answer: refuse(ask, gateway, fault, told === 'program' ? { ...details, as: 'program' } : details) }
  }
  if (caller.kind !== 'somebody') return no(callerFault(caller), endedDetails(caller))
  const { subject } = caller
  if (subject.kind === 'session' && !isSafe(ask.method) && !isOwnPage(ask, gateway)) return no('cross-site')
  if (!isTaken(subject, ask, takes)) return no('session-required')
  if (subject.kind !== 'fixed-token' && !isUsable(subject.user, gateway)) return no('account-suspended', { subject })
  const excess = await countTokenCall(subject, gateway)
  return excess === null ? { subject } : no('rate-limited', excessDetails(excess))
}

// ATTACK: what a program was let in with must not make administrators, or tokens, that outlive it.
function isTaken(subject: Subject, { credentials }: Ask, takes: Takes): boolean {
  if (subject.kind !== 'session') return takes === 'any'
  if (takes === 'browser-only') return bearerOf(credentials.authorization) === null
  return takes === 'session-only' || subject.session.native === undefined
}

function callerFault(caller: Exclude<Caller, { readonly kind: 'somebody' }>): FaultKind {
  switch (caller.kind) {
    case 'nobody':
      return 'session-required'
    case 'invalid':
      return 'session-invalid'
    case 'token-invalid':
    case 'ticket-invalid':
      return caller.kind
    case 'ambiguous':
      return 'bad-credential'
    case 'ended':
      return caller.reason === 'expired' ? 'session-expired' : 'session-revoked'
  }
}

function endedDetails(caller: Caller) {
  return caller.kind === 'ended' ? { members: { reason: caller.reason } } : {}
}

// ATTACK: stricter than for game routes: a cookie without any Origin is refused too, since no browser of today does that.
function isOwnPage({ browser, credentials }: Ask, { config }: Gateway): boolean {
  // WHY: as with an API token: no browser sends a bearer by itself.
  if (bearerOf(credentials.authorization) !== null) return true
  if (browser.origin === null || browser.origin === 'null') return browser.site === 'same-origin'
  return browser.origin === config.origin
}

function isUsable({ standing }: User, { runtime }: Gateway): boolean {
  return standing.kind === 'active' || (standing.kind === 'suspended' && standing.until <= runtime.now())
}
