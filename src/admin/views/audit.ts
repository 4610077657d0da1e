import type { Answer } from '../../core/answer.ts'
import { type AuditFilterTyped, adminAudit, type Named, type RecordRow } from '../../pages/admin/audit.ts'
import { AUDIT_EVENTS } from '../../ports/audit.ts'
import type { OwnEndpoint } from '../../ports/front.ts'
import { mayAct } from '../operations/authority.ts'
import type { View } from '../operations/views.ts'
import { partOf, partsOf, textOf } from './read.ts'
import { adminPage, adminUrl, page, personUrl, refusedPage, run, type Visit } from './visit.ts'

/** Records on one page, so that it stays small. */
const SHOWN = 10
const USER = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function namedBy({ gateway, call }: Visit, name: string): Named {
  return { name, url: USER.test(name) && mayAct(call, 'users') ? personUrl(gateway, name) : null }
}

function recordRow(visit: Visit, record: View): RecordRow {
  const subject = textOf(record, 'subject')
  const detail = Object.entries(partOf(record, 'detail')).filter(([, value]) => value !== null && value !== '')
  return {
    at: textOf(record, 'at') ?? '',
    event: textOf(record, 'event') ?? '',
    actor: namedBy(visit, textOf(record, 'actor') ?? ''),
    subject: subject === null ? null : namedBy(visit, subject),
    detail: detail.map(([name, value]) => `${name}: ${String(value)}`).join(', '),
  }
}

/** What is looked for; whoever has not said a first day begins with yesterday, for the record goes on from there. */
function typedIn({ query, gateway }: Visit): AuditFilterTyped {
  const of = (name: string) => (query.get(name) ?? '').trim()
  const yesterday = new Date((gateway.runtime.now() - 86_400) * 1000).toISOString().slice(0, 10)
  return { from: query.has('from') ? of('from') : yesterday, to: of('to'), event: of('event'), subject: of('subject') }
}

/** The filter as the operation takes it: what is empty is no filter, and a last day counts to its end. */
function filterOf({ from, to, event, subject }: AuditFilterTyped): Readonly<Record<string, string>> {
  const end = /^\d{4}-\d\d-\d\d$/.test(to) ? `${to}T23:59:59Z` : to
  return Object.fromEntries(Object.entries({ from, to: end, event, subject }).filter(([, value]) => value !== ''))
}

async function showAudit(visit: Visit): Promise<Answer> {
  const { gateway, query, areas } = visit
  const typed = typedIn(visit)
  const after = query.get('after')
  const listed = await run(visit, 'audit.list', { ...filterOf(typed), after, limit: SHOWN })
  if (!listed.ok && (listed.fault.fault !== 'bad-body' || after !== null)) return refusedPage(visit, listed.fault)
  const next = listed.ok ? textOf(listed.value, 'next') : null
  const list = (more: Readonly<Record<string, string>>) => {
    return `${adminUrl(gateway, '/audit')}?${new URLSearchParams({ ...typed, ...more })}`
  }
  const exported = new URLSearchParams({ ...filterOf(typed), format: 'ndjson', limit: '500' })
  const props = {
    areas,
    here: 'audit',
    notice: listed.ok ? null : ({ kind: 'refused', key: 'admin.no-filter' } as const),
    status: listed.ok ? 200 : 400,
    url: adminUrl(gateway, '/audit'),
    typed,
    events: AUDIT_EVENTS,
    exportUrl: listed.ok ? `${adminUrl(gateway, '/api/audit.export')}?${exported}` : null,
    list: listed.ok ? partsOf(listed.value, 'records').map((record) => recordRow(visit, record)) : [],
    firstUrl: after === null ? null : list({}),
    nextUrl: next === null ? null : list({ after: next }),
  } as const
  return page(visit, (frame) => adminAudit(frame, props))
}

/** `GET {prefix}/admin/audit`: what happened, page by page; that it is read is written down by the operation. */
export const auditPage: OwnEndpoint = adminPage('audit', showAudit)
