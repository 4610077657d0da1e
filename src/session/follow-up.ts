import { type Answer, redirect } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { clientKind } from '../core/client-kind.ts'
import type { Session, Subject, User } from '../core/person.ts'
import type { Rule } from '../policy/model.ts'
import type { Gateway } from '../ports/gateway.ts'
import { StoreUnavailable } from '../ports/store.ts'
import { rotateSession } from './open.ts'
import { slide } from './slide.ts'

/**
 * What an allowed request means for its session. Activity moves the idle end in the background (seeds S14, S23). A page
 * visit after the user gained a role gets a new key first: the visit is sent to its own address with the new cookie, so
 * that no failure on the way to the upstream can lose it (DECISIONS 5). A replaced key does neither.
 *
 * @returns null, at once or later, when the request simply goes on
 */
export function followUp(
  ask: Ask,
  gateway: Gateway,
  rule: Rule,
  subject: Subject | null,
): Promise<Answer | null> | null {
  if (subject?.kind !== 'session' || subject.grace === true) return null
  const { user, session } = subject
  if (isPromoted(user, session) && ask.method === 'GET' && clientKind(ask) === 'navigation')
    return newKeyFirst(ask, gateway, rule, user, session)
  if (rule.activity) slide(gateway, user, session)
  return null
}

async function newKeyFirst(
  ask: Ask,
  gateway: Gateway,
  rule: Rule,
  user: User,
  session: Session,
): Promise<Answer | null> {
  const setCookie = await rotated(ask, gateway, user, session)
  if (setCookie !== null) return redirect(302, `${ask.target.path}${ask.target.query}`, [['set-cookie', setCookie]])
  if (rule.activity) slide(gateway, user, session)
  return null
}

/** Whether a user holds a role that the session's key was not made for. */
export function isPromoted(user: User, session: Session): boolean {
  const { basis } = session
  return basis !== undefined && user.roles.some((role) => !basis.roles.includes(role))
}

async function rotated(ask: Ask, gateway: Gateway, user: User, session: Session): Promise<string | null> {
  try {
    const opened = await rotateSession(ask, gateway, user, session)
    return opened?.setCookie ?? null
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error
    // WHY: the request is allowed already; the next visit rotates. The outage is reported all the same.
    gateway.runtime.observe({ kind: 'store-unavailable', operation: error.operation, reason: error.message })
    return null
  }
}
