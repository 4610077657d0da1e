import { nearest, type Reader } from '../../config/reader.ts'
import { type Seconds, seconds, type UserId } from '../../core/brand.ts'
import { ok } from '../../core/result.ts'
import {
  AUDIT_EVENTS,
  type AuditEvent,
  type AuditFilter,
  type AuditVerification,
  type Checkpoint,
} from '../../ports/audit.ts'
import type { KeyRing, Statement } from '../../ports/key-ring.ts'
import type { Page } from '../../ports/page.ts'
import type { Store } from '../../ports/store.ts'
import { auditCsv, auditNdjson, recordView } from './audit-text.ts'
import { type Call, noteOf, type Outcome, refused } from './call.ts'
import { moment, type Operation, operation, optionalBounded, pageOf, shownTime } from './define.ts'
import type { View } from './views.ts'

const DAY = 86_400

/** Which records, and which page of them. */
export interface AuditInput {
  readonly filter: AuditFilter
  readonly page: Page
}

/** One page of the record; that it was read is recorded too. */
export async function readAudit(call: Call, input: AuditInput): Promise<Outcome<View>> {
  const found = await page(call, input, 'read')
  return ok({ records: found.items.map(recordView), next: found.next })
}

/** One page of the record as text to keep: NDJSON, or CSV whose first page has a header. */
export async function exportAudit(
  call: Call,
  input: AuditInput & { readonly format: 'ndjson' | 'csv' },
): Promise<Outcome<View>> {
  const found = await page(call, input, input.format)
  const header = input.page.after === null ? 'with-header' : 'rows-only'
  const text = input.format === 'csv' ? auditCsv(found.items, header) : auditNdjson(found.items)
  return ok({ text, next: found.next })
}

async function page(call: Call, { filter, page }: AuditInput, how: string) {
  const { store } = call.gateway
  // INVARIANT: nobody reads without having been written down first.
  if (page.after === null)
    await store.audit.append(noteOf(call, 'audit-read', filter.subject, { how, event: filter.event }))
  return store.audit.read(filter, page)
}

const UNSIGNED = 'the checkpoint that retention left is not signed by a key of this deployment'

function statementOf({ chain, sequence, hash }: Checkpoint): Statement {
  return { kind: 'audit-checkpoint', chain, sequence, hash }
}

/** Walks every chain, and asks the key ring for the checkpoints they begin at (DECISIONS 10). */
export async function verifiedAudit(
  { audit }: Pick<Store, 'audit'>,
  keyRing: Pick<KeyRing, 'attested'>,
): Promise<AuditVerification> {
  const walked = await audit.verify()
  if (walked.kind === 'broken') return walked
  for (const checkpoint of await audit.checkpoints()) {
    const { chain, sequence, signature } = checkpoint
    const isSigned = signature !== null && (await keyRing.attested(signature, statementOf(checkpoint)))
    if (!isSigned) return { kind: 'broken', chain, sequence, problem: UNSIGNED }
  }
  return walked
}

/** Walks every chain; a broken one says where. */
export async function verifyAudit(call: Call): Promise<Outcome<View>> {
  return ok({ ...(await verifiedAudit(call.gateway.store, call.gateway.keyRing)) })
}

/** Drops records older than so many days; a signed checkpoint keeps the chains verifiable. */
export async function retainAudit(call: Call, input: { readonly days: number }): Promise<Outcome<View>> {
  const { store, runtime, keyRing } = call.gateway
  const before: Seconds = seconds(runtime.now() - input.days * DAY)
  // ATTACK: a cut that somebody made by hand would be signed with the next one.
  const walked = await verifiedAudit(store, keyRing)
  if (walked.kind === 'broken') {
    const hint = 'the record does not verify, so that nothing is removed from it; `audit verify` says the same'
    return refused('audit-broken', hint, { chain: walked.chain, sequence: walked.sequence, problem: walked.problem })
  }
  if (call.mode === 'rehearse') return ok({ before: shownTime(before) })
  await store.audit.append(noteOf(call, 'audit-retained', null, { days: input.days }))
  const sign = (checkpoint: Checkpoint) => keyRing.attest(statementOf(checkpoint))
  return ok({ before: shownTime(before), removed: await store.audit.retain(before, sign) })
}

function auditInput(read: Reader): AuditInput {
  const filter = {
    from: moment(read, 'from'),
    to: moment(read, 'to'),
    subject: subjectOf(read),
    event: eventOf(read),
  }
  return { filter, page: pageOf(read) }
}

// ATTACK: what somebody asks for is written down with the reading: free text would put whatever they like into the chain.
function subjectOf(read: Reader): UserId | null {
  const subject = optionalBounded(read, 'subject', 64)
  if (subject !== null && !/^[A-Za-z0-9:_-]+$/.test(subject))
    read.fault('subject', 'must be the id of a user, as `users list` shows it: letters, digits and : _ -')
  return subject as UserId | null
}

function eventOf(read: Reader): AuditEvent | null {
  const event = optionalBounded(read, 'event', 40)
  const known = AUDIT_EVENTS.find((one) => one === event) ?? null
  if (event === null || known !== null) return known
  const near = nearest(event, AUDIT_EVENTS)
  const hint = near === null ? `there are ${AUDIT_EVENTS.join(', ')}` : `did you mean "${near}"?`
  read.fault('event', `is no kind of record; ${hint}`)
  return null
}

/** Operations about the record of what happened. */
export const auditOperations: readonly Operation[] = [
  operation({ name: 'audit.list', effect: 'read', needs: 'logs' }, auditInput, readAudit),
  operation(
    { name: 'audit.export', effect: 'read', needs: 'logs' },
    (read) => ({ ...auditInput(read), format: read.choice('format', ['ndjson', 'csv'], 'ndjson') }),
    exportAudit,
  ),
  operation({ name: 'audit.verify', effect: 'read', needs: 'logs' }, () => ({}), verifyAudit),
  operation(
    { name: 'audit.retain', effect: 'write', needs: 'operator' },
    (read) => ({ days: read.raw('days') === undefined ? missing(read) : read.integer('days', 30, 36_500, 365) }),
    retainAudit,
  ),
]

function missing(read: Reader): number {
  read.fault('days', 'must be a whole number of days, at least 30')
  return 0
}
