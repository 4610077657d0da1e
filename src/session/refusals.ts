import type { Ask } from '../core/ask.ts'
import type { UserId } from '../core/brand.ts'
import type { Subject } from '../core/person.ts'
import type { AuditEvent, AuditNote } from '../ports/audit.ts'
import type { Gateway } from '../ports/gateway.ts'
import { note } from './note.ts'

/** One record of a kind in so many seconds (DECISIONS 10). */
const EVERY_SECONDS = 60

/**
 * Writes down, in the background, that somebody signed in was refused: at most one record a minute for each session or
 * token and rule, which counts what was refused since the one before. Nobody in particular is for the log alone.
 */
export function noteRefusal(
  ask: Pick<Ask, 'requestId'>,
  gateway: Gateway,
  subject: Subject,
  rule: string,
  outcome: string,
): void {
  const user = subject.kind === 'fixed-token' ? null : subject.user.id
  const [holder, who] =
    subject.kind === 'session'
      ? [subject.user.id, { sid: subject.session.sid }]
      : [`token:${subject.token.id}`, { token: subject.token.id }]
  const key = `${subject.kind === 'session' ? subject.session.sid : holder} ${rule}`
  noteCounted(ask, gateway, {
    event: 'access-refused',
    key,
    actor: holder,
    subject: user,
    detail: { ...who, rule, outcome },
  })
}

/**
 * Writes down, in the background, that a sign-in came to nothing: at most one record a minute for each provider, reason
 * and person, with the count since the one before.
 *
 * @param subject - who it was, where the provider proved that; null: nobody knows
 */
export function noteSignInRefusal(
  ask: Ask,
  gateway: Gateway,
  provider: string,
  outcome: string,
  subject: UserId | null,
): void {
  const key = `${provider} ${outcome} ${subject ?? ''}`
  const actor = subject ?? 'system'
  noteCounted(ask, gateway, { event: 'sign-in-refused', key, actor, subject, detail: { provider, outcome } })
}

interface Refused extends Pick<AuditNote, 'actor' | 'subject' | 'detail'> {
  readonly event: AuditEvent
  /** What is counted together. */
  readonly key: string
}

// ATTACK: whoever is refused a thousand times a second must not be able to fill the record, or to keep the store busy.
function noteCounted(
  ask: Pick<Ask, 'requestId'>,
  gateway: Gateway,
  { event, key, actor, subject, detail }: Refused,
): void {
  const count = gateway.sessions.claimRefusals(`${event} ${key}`, gateway.runtime.now(), EVERY_SECONDS)
  if (count === 0) return
  const audit = note(gateway, ask, event, actor, subject, { ...detail, count })
  gateway.runtime.background(gateway.store.audit.append(audit))
}
