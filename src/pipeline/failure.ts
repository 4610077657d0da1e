import { type Answer, problem } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { FAULTS, type FaultKind } from '../core/fault.ts'
import { isBelow } from '../core/target.ts'
import { refuse } from '../pages/refuse.ts'
import type { Rule } from '../policy/model.ts'
import { matchRule } from '../policy/policy.ts'
import type { Gateway } from '../ports/gateway.ts'
import { StoreUnavailable } from '../ports/store.ts'
import { UpstreamFailed } from '../ports/upstream.ts'
import { readableBy } from './answer.ts'
import type { Arrival, Unaskable } from './intake.ts'
import { recordFailure } from './record.ts'

const UPSTREAM_FAULTS: Readonly<Record<UpstreamFailed['kind'], FaultKind>> = {
  unreachable: 'upstream-unreachable',
  timeout: 'upstream-timeout',
  'upgrade-refused': 'upgrade-refused',
  resting: 'upstream-resting',
  unsendable: 'bad-body',
}

/** A request that has no canonical form: refused before anything else is looked at. */
export function unaskable(asked: Unaskable, arrival: Arrival, gateway: Gateway): Answer {
  const ask: Pick<Ask, 'requestId' | 'front' | 'method' | 'credentials' | 'browser'> = {
    requestId: arrival.requestId,
    front: 'http',
    method: 'GET',
    credentials: { cookie: null, authorization: null, apiToken: null },
    browser: asked.browser,
  }
  const { code, status } = FAULTS[asked.fault]
  gateway.runtime.observe({ kind: 'unaskable', requestId: arrival.requestId, code, status })
  return refuse(ask, gateway, asked.fault)
}

/** The one place where something thrown becomes an answer; never a stack trace for a client. */
export function failure(error: Error, ask: Ask | null, arrival: Arrival, gateway: Gateway): Answer {
  const match = ask === null ? null : matchRule(gateway.policy(), ask)
  const rule = match?.kind === 'rule' ? match.rule : null
  const fault = faultOf(error, rule, arrival, gateway)
  const headers: (readonly [string, string])[] = []
  if (fault === 'store-unavailable' || fault === 'upstream-unreachable') headers.push(['retry-after', '2'])
  if (error instanceof UpstreamFailed) headers.push(...told(error))
  if (ask === null) return problem(fault, arrival.requestId, {}, headers)
  const { code, status } = FAULTS[fault]
  const { began = gateway.runtime.ticks() } = arrival
  // WHY: own endpoints have lines of their own kind, and so have bugs, which may be in the writing of this very line.
  if (fault !== 'bug' && !isBelow(ask.target.path, gateway.config.prefix))
    recordFailure(ask, gateway, rule, code, status, began)
  if (rule !== null && rule.origins.length > 0) headers.push(...readableBy(rule.origins, ask))
  return refuse(ask, gateway, fault, { headers, rule })
}

// WHY: which hop failed, and how, in words of a standard; who or where the upstream is, is nobody's business (RFC 9209).
function told({ error, kind, retryAfter }: UpstreamFailed): readonly (readonly [string, string])[] {
  const status = kind === 'unsendable' ? [] : [['proxy-status', `postern; error=${error}`] as const]
  return retryAfter === null ? status : [...status, ['retry-after', String(retryAfter)]]
}

function faultOf(error: Error, ruled: Rule | null, { requestId }: Arrival, gateway: Gateway): FaultKind {
  const rule = ruled?.id ?? null
  if (error instanceof StoreUnavailable) {
    const { operation, message: reason } = error
    gateway.runtime.observe({ kind: 'store-unavailable', operation, reason, requestId, rule })
    return 'store-unavailable'
  }
  if (error instanceof UpstreamFailed) {
    const upstream = error.upstream === '' ? (ruled?.upstream ?? '') : error.upstream
    gateway.runtime.observe({ kind: 'upstream-failed', requestId, upstream, reason: error.error, rule })
    return UPSTREAM_FAULTS[error.kind]
  }
  gateway.runtime.observe({
    kind: 'bug',
    requestId,
    message: `${error.name}: ${error.message}`,
    stack: error.stack ?? '',
  })
  return 'bug'
}
