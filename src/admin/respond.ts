import { type Answer, json, problem } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import type { FaultKind } from '../core/fault.ts'
import type { Gateway } from '../ports/gateway.ts'
import { noteRefusal } from '../session/refusals.ts'
import type { Actor, Outcome } from './operations/call.ts'
import { actingUser } from './operations/call.ts'
import type { Operation } from './operations/define.ts'

/** What came of an operation as an answer: JSON, or a problem that says where, what and what would be right. */
export function respond(ask: Ask, outcome: Outcome<unknown>, status = 200): Answer {
  return outcome.ok ? json(status, outcome.value) : problem(outcome.fault.fault, ask.requestId, outcome.fault.members)
}

/** A refusal that has nothing to add to its row of the fault table but a hint. */
export function fault(
  ask: Ask,
  kind: FaultKind,
  hint: string,
  headers: readonly (readonly [string, string])[] = [],
): Answer {
  return problem(kind, ask.requestId, { hint }, headers)
}

/**
 * The refusal of a write whose query says more than it may; null when there is nothing to refuse.
 *
 * ATTACK: `?dry_run=true` that is read as nothing would do for real what somebody wanted to rehearse.
 */
export function oddQuery(
  ask: Ask,
  { effect }: Pick<Operation, 'effect'>,
  allowed: string | null,
  hint: string,
): Answer | null {
  const { query } = ask.target
  if (effect === 'read' || query.length <= 1 || query === allowed) return null
  const what = `must not be ${JSON.stringify(query.slice(0, 80))}`
  return problem('bad-body', ask.requestId, {
    detail: 'The query is not of the form this takes.',
    where: 'query',
    what,
    hint,
  })
}

/** Reports one call to log and metrics, and a 403 to the record: which operation, by whom, what came of it; no input, no credential. */
export function report(
  ask: Ask,
  gateway: Gateway,
  rule: string,
  actor: Actor | null,
  answer: Answer,
  began: number,
): Answer {
  const subject = actor?.kind === 'caller' ? actor.subject : null
  gateway.runtime.observe({
    kind: 'request',
    requestId: ask.requestId,
    front: ask.front,
    method: ask.method,
    path: ask.target.path,
    host: ask.host,
    rule,
    outcome: answer.status < 400 ? 'allow' : 'refuse',
    code: answer.code ?? null,
    status: answer.status,
    userId: actor === null ? null : actingUser(actor),
    sid: subject?.kind === 'session' ? subject.session.sid : null,
    upstream: null,
    durationMs: Math.round((gateway.runtime.ticks() - began) * 100) / 100,
    policy: gateway.policy().bundle.hash,
  })
  if (subject !== null && answer.status === 403) noteRefusal(ask, gateway, subject, rule, 'refuse')
  return answer
}
