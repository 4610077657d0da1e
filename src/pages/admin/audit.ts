import { type Frame, layOut, type Page } from '../layout.ts'
import { type Markup, markup, NOTHING, safeLink, shown } from '../markup.ts'
import { card } from '../parts.ts'
import { type Voice, voice } from '../voice.ts'
import {
  areaLinks,
  choice,
  field,
  type Notice,
  noticeLine,
  type Pager,
  type Place,
  pagerOf,
  tableOf,
  word,
} from './parts.ts'

/** Somebody a record names: a person has a page, others have not. */
export interface Named {
  readonly name: string
  readonly url: string | null
}

/** One record of what happened. `at` is ISO 8601. */
export interface RecordRow {
  readonly at: string
  readonly event: string
  readonly actor: Named
  readonly subject: Named | null
  /** Names and values, as they are written down. */
  readonly detail: string
}

/** What is looked for, as it was typed. */
export interface AuditFilterTyped {
  readonly from: string
  readonly to: string
  readonly event: string
  readonly subject: string
}

/** Props of the page of what happened. Ten records stay under 15 KB in every language. */
export interface AdminAuditProps extends Place, Pager {
  readonly notice: Notice | null
  readonly status: number
  /** Takes the filter by GET. */
  readonly url: string
  readonly typed: AuditFilterTyped
  /** Every kind of record there is. */
  readonly events: readonly string[]
  readonly exportUrl: string | null
  readonly list: readonly RecordRow[]
}

function named({ name, url }: Named): Markup {
  const link = safeLink(url ?? '')
  return link === null ? word(name) : markup`<a href="${link}">${word(name)}</a>`
}

function rowOf(record: RecordRow, say: Voice): readonly Markup[] {
  const { actor, subject } = record
  const about = subject === null || subject.name === actor.name ? NOTHING : markup`<br>→ ${named(subject)}`
  const detail = record.detail === '' ? NOTHING : markup`<br><small>${shown(record.detail, 160)}</small>`
  return [
    markup`${word(record.event)}<br><small>${say.moment(record.at)}</small>${detail}`,
    markup`<small>${named(actor)}${about}</small>`,
  ]
}

function filterForm(props: AdminAuditProps, say: Voice): Markup {
  const url = safeLink(props.url)
  if (url === null) return NOTHING
  const { typed } = props
  const events = [
    { value: '', text: say.say('admin.any') },
    ...props.events.map((event) => ({ value: event, text: event })),
  ]
  const fields = [
    field('find-from', say.say('admin.from'), typed.from, { type: 'date' }),
    field('find-to', say.say('admin.to'), typed.to, { type: 'date' }),
    choice('find-event', say.say('admin.event'), events, typed.event),
    field('find-subject', say.say('admin.subject'), typed.subject, { most: 64 }),
  ]
  return markup`<form class="list" method="get" action="${url}">${fields}<button class="button">${say.say('admin.show')}</button></form>`
}

/** What happened, in its order, as far as it is looked for. */
export function adminAudit(frame: Frame, props: AdminAuditProps): Page {
  const say = voice(frame.language)
  const table = tableOf(
    {
      caption: say.say('admin.records'),
      heads: [say.say('admin.what'), say.say('admin.who')],
      rows: props.list.map((record) => rowOf(record, say)),
    },
    say,
  )
  const link = safeLink(props.exportUrl ?? '')
  const out = link === null ? NOTHING : markup`<p><a href="${link}">${say.say('admin.export')}</a></p>`
  return layOut(frame, {
    name: 'admin-audit',
    status: props.status,
    tone: props.notice?.kind === 'refused' ? 'stop' : 'calm',
    icon: 'clock',
    heading: 'admin.audit',
    body: markup`${noticeLine(props.notice, say)}<p class="soft">${say.say('admin.read-note')}</p>`,
    beside: areaLinks(props, say),
    more: [
      card('list', say.say('admin.records'), markup`${filterForm(props, say)}${table}${pagerOf(props, say)}${out}`),
    ],
    viewer: 'hidden',
    focus: 'none',
  })
}
