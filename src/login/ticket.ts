import { type Answer, json } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { seconds } from '../core/brand.ts'
import { type CanonicalPath, canonicalTarget, isBelow } from '../core/target.ts'
import { TICKET_PARAMETER, TICKET_PROTOCOL } from '../core/ticket.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import { issueTicket, TICKET_SECONDS } from '../session/ticket.ts'
import { caller, isBlocked, isForeign } from './caller.ts'

/** Tickets of one session a minute: a client that reconnects in a loop stays far below. */
const TICKETS_PER_MINUTE = 60

/** The path a ticket may be for; null when it is none. */
function pathOf(wish: string | null, prefix: string): CanonicalPath | null {
  const target = canonicalTarget(wish ?? '')
  if (!target.ok || target.value.query !== '' || isBelow(target.value.path, prefix)) return null
  return target.value.path
}

/**
 * `POST {prefix}/ticket`: a one-time ticket for a socket whose client can send neither header nor cookie: 30 seconds, one
 * path, one use (DECISIONS 27).
 *
 * @param wish - path of the socket, percent-encoded as it will be asked for, without a query
 */
export async function giveTicket(ask: Ask, gateway: Gateway, wish: string | null): Promise<Answer> {
  if (ask.method !== 'POST')
    return refuse(ask, gateway, 'method-not-allowed', { headers: [['allow', 'POST']], as: 'program' })
  if (isForeign(ask, gateway)) return refuse(ask, gateway, 'cross-site', { as: 'program' })
  const called = await caller(ask, gateway, { as: 'program' })
  if ('answer' in called) return called.answer
  const { who } = called
  // INVARIANT: a replaced key reads for a moment and opens nothing (DECISIONS 5).
  if (who.grace === true) return refuse(ask, gateway, 'session-invalid', { as: 'program' })
  if (isBlocked(who.user, gateway)) return refuse(ask, gateway, 'account-suspended', { subject: who, as: 'program' })
  const path = pathOf(wish, gateway.config.prefix)
  if (path === null) {
    const problem = 'path must be the path of the socket such as /rooms/1/socket, without a query'
    return refuse(ask, gateway, 'bad-body', { members: { problem }, as: 'program' })
  }
  const bucket = `ticket:${who.session.sid}`
  const hit = await gateway.store.rates.hit(bucket, TICKETS_PER_MINUTE, seconds(60), gateway.runtime.now())
  if (!hit.allowed) {
    const headers = [['retry-after', String(hit.retryAfter)] as const]
    return refuse(ask, gateway, 'too-many-tries', { headers, as: 'program' })
  }
  const { text, expiresAt } = await issueTicket(gateway, who.session.key, path)
  return json(200, {
    version: 1,
    ticket: text,
    path,
    parameter: TICKET_PARAMETER,
    protocol: `${TICKET_PROTOCOL}${text}`,
    expires: new Date(expiresAt * 1000).toISOString(),
    expires_in: TICKET_SECONDS,
  })
}
