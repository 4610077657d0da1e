import type { AuditRecord } from '../../ports/audit.ts'
import { shownTime } from './define.ts'
import type { View } from './views.ts'

/** Columns of a CSV export, in order. */
const COLUMNS = ['at', 'event', 'actor', 'subject', 'request_id', 'policy', 'detail', 'chain', 'sequence', 'hash']

/** A record as it is shown. */
export function recordView(record: AuditRecord): View {
  return {
    at: shownTime(record.at),
    event: record.event,
    actor: record.actor,
    subject: record.subject,
    request_id: record.requestId,
    policy: record.policy,
    detail: record.detail,
    chain: record.chain,
    sequence: record.sequence,
    hash: record.hash,
  }
}

/** One JSON object a line (https://github.com/ndjson/ndjson-spec). */
export function auditNdjson(records: readonly AuditRecord[]): string {
  return records.map((record) => `${JSON.stringify(recordView(record))}\n`).join('')
}

function cell(value: unknown): string {
  const text =
    value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value)
  // ATTACK: a cell that begins like a formula is run by spreadsheets (OWASP CSV injection).
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

/** Rows of RFC 4180, with the names of the columns before the first page. */
export function auditCsv(records: readonly AuditRecord[], header: 'with-header' | 'rows-only'): string {
  const rows = records.map((record) => {
    const view = recordView(record)
    return COLUMNS.map((name) => cell(view[name])).join(',')
  })
  const lines = header === 'with-header' ? [COLUMNS.join(','), ...rows] : rows
  return lines.map((line) => `${line}\r\n`).join('')
}
