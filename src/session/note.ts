import type { Ask } from '../core/ask.ts'
import type { UserId } from '../core/brand.ts'
import type { AuditEvent, AuditNote } from '../ports/audit.ts'
import type { Gateway } from '../ports/gateway.ts'

/** The audit note of one change: who did what to whom, under which policy, in which request. */
export function note(
  gateway: Gateway,
  ask: Pick<Ask, 'requestId'>,
  event: AuditEvent,
  actor: UserId | string,
  subject: UserId | null,
  detail: AuditNote['detail'] = {},
): AuditNote {
  return {
    event,
    at: gateway.runtime.now(),
    actor,
    subject,
    requestId: ask.requestId,
    policy: gateway.policy().bundle.hash,
    detail,
  }
}
