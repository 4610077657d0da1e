import { type Answer, problem } from '../core/answer.ts'
import { clientKind } from '../core/client-kind.ts'
import { FAULTS, type FaultKind } from '../core/fault.ts'
import type { Rule } from '../policy/model.ts'
import { faultPage } from './fault-page.ts'
import { ancestorsOf, frameOf, type PageAsk, type PageHost } from './frame.ts'
import { type RefusalDetails, standingOf } from './refusal.ts'
import { renderPage } from './render.ts'

export type { RefusalDetails } from './refusal.ts'

/**
 * The answer that refuses: a page for people, a problem for programs, both with the same code and request id.
 *
 * @see RFC 9457; SPEC 1.6
 */
export function refuse(ask: PageAsk, host: PageHost, fault: FaultKind, details: RefusalDetails = {}): Answer {
  const headers = details.headers ?? []
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
  const frame = frameOf(ask, host, details.subject, row.number)
  const page = faultPage(frame, fault, ask, host, details)
  return renderPage(page, {
    language: frame.language,
    status: row.status,
    ancestors: ancestorsOf(ask, host),
    extraHeaders: headers,
  })
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
