import type { UserId } from '../../core/brand.ts'
import type { FaultKind } from '../../core/fault.ts'
import type { Subject } from '../../core/person.ts'
import { err, type Result } from '../../core/result.ts'
import type { AuditEvent, AuditNote } from '../../ports/audit.ts'
import type { Gateway } from '../../ports/gateway.ts'
import { note } from '../../session/note.ts'

/** Who acts: the holder of the operator key, or somebody a credential names. */
export type Actor = { readonly kind: 'operator' } | { readonly kind: 'caller'; readonly subject: Subject }

/** One call of an administrative operation. */
export interface Call {
  readonly gateway: Gateway
  readonly requestId: string
  readonly actor: Actor
  /** `rehearse`: every check, nothing written. */
  readonly mode: 'do' | 'rehearse'
}

/** Why an operation did nothing: a fault of the one table, and what would be right. */
export interface Refusal {
  readonly fault: FaultKind
  readonly members: Readonly<Record<string, unknown>>
}

/** What came of an operation. */
export type Outcome<T> = Result<T, Refusal>

/** The other outcome. `hint` says what would be right. */
export function refused(fault: FaultKind, hint: string, members: Refusal['members'] = {}): Outcome<never> {
  return err({ fault, members: { hint, ...members } })
}

/** The actor as the audit names it: `operator`, a user id, or `token:<id>` of a fixed token. */
export function actorName(actor: Actor): UserId | string {
  if (actor.kind === 'operator') return 'operator'
  return actor.subject.kind === 'fixed-token' ? `token:${actor.subject.token.id}` : actor.subject.user.id
}

/** The id of the person who acts; null for the operator and for fixed tokens. */
export function actingUser(actor: Actor): UserId | null {
  return actor.kind === 'operator' || actor.subject.kind === 'fixed-token' ? null : actor.subject.user.id
}

/** The audit note of a change this call makes. */
export function noteOf(
  call: Call,
  event: AuditEvent,
  subject: UserId | null,
  detail: AuditNote['detail'] = {},
): AuditNote {
  return note(call.gateway, call, event, actorName(call.actor), subject, detail)
}
