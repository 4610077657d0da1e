import { type Answer, problem } from '../core/answer.ts'
import { bearerOf } from '../core/bearer.ts'
import { clientKind } from '../core/client-kind.ts'
import { FAULTS, type FaultKind } from '../core/fault.ts'
import type { Rule } from '../policy/model.ts'
import { faultPage } from './fault-page.ts'
import { frameOf, type PageAsk, type PageHost, pageAnswer } from './frame.ts'
import { type RefusalDetails, standingOf } from './refusal.ts'

export type { RefusalDetails } from './refusal.ts'

/** Faults of who is not signed in: their pages say so. */
const NOBODY: ReadonlySet<FaultKind> = new Set([
  'session-required',
  'session-expired',
  'session-revoked',
  'session-invalid',
])

/**
 * The answer that refuses: a page for people, a problem for programs, both with the same code and request id.
 *
 * @see RFC 9457; SPEC 1.6
 */
export function refuse(ask: PageAsk, host: PageHost, fault: FaultKind, details: RefusalDetails = {}): Answer {
  const headers = [...(details.headers ?? []), ...notAccepted(ask, host, fault, details)]
  if (details.as === 'program' || clientKind(ask) === 'program') {
    return problem(
      fault,
      ask.requestId,
      { ...standingMembers(details), ...details.members },
      headers,
      bodyType(host, details.rule ?? null),
    )
  }
  const row = FAULTS[fault]
  const subject = details.subject === undefined && NOBODY.has(fault) ? null : details.subject
  const frame = frameOf(ask, host, subject, row.number)
  const page = faultPage(frame, fault, ask, host, details)
  const how = { language: frame.language, status: row.status, extraHeaders: headers }
  return { ...pageAnswer(page, ask, host, how), code: row.code }
}

const OVER: ReadonlySet<FaultKind> = new Set(['session-expired', 'session-revoked', 'session-invalid', 'token-invalid'])

/** What a client that presented a bearer learns of it where nothing else is told of that (RFC 6750 section 3). */
function notAccepted(ask: PageAsk, host: PageHost, fault: FaultKind, details: RefusalDetails): Answer['headers'] {
  if (!OVER.has(fault) || bearerOf(ask.credentials.authorization) === null) return []
  if (details.headers?.some(([name]) => name === 'www-authenticate')) return []
  return [['www-authenticate', `Bearer realm="${host.config.host}", error="invalid_token"`]]
}

function bodyType(host: PageHost, rule: Rule | null) {
  return (
    host.config.upstreams.find((upstream) => upstream.name === rule?.upstream)?.problemType ??
    'application/problem+json'
  )
}

/** `account_suspended` says until when and why (SPEC 1.6). */
function standingMembers(details: RefusalDetails): Readonly<Record<string, unknown>> {
  const standing = standingOf(details)
  if (standing === null || standing.kind === 'active') return {}
  const until = standing.kind === 'suspended' ? new Date(standing.until * 1000).toISOString() : null
  return { until, reason: standing.reason }
}
