import { type Frame, layOut, type Page } from '../layout.ts'
import { type Markup, markup, NOTHING, safeLink } from '../markup.ts'
import { card } from '../parts.ts'
import { type Voice, voice } from '../voice.ts'
import { areaLinks, field, type Notice, nameOf, noticeLine, type Pager, type Place, pagerOf } from './parts.ts'
import { type SessionEntry, sessionList, sessionRow } from './person.ts'

/** One live session with whose it is. */
export interface OwnedSession extends SessionEntry {
  readonly owner: { readonly name: string | null; readonly url: string }
}

/** Props of the page of all live sessions. Ten stay under 15 KB in every language. */
export interface AdminSessionsProps extends Place, Pager {
  readonly notice: Notice | null
  readonly status: number
  readonly counts: { readonly active: number; readonly total: number }
  /** Takes `text` and `world` by GET; takes the buttons of the list by POST. */
  readonly url: string
  readonly text: string
  readonly world: string
  readonly list: readonly OwnedSession[]
}

function row(session: OwnedSession, say: Voice): Markup {
  const { name, url } = session.owner
  const link = safeLink(url)
  const owner = nameOf(name, say)
  return sessionRow(session, say, link === null ? owner : markup`<a href="${link}">${owner}</a> · `)
}

/** Every live session, with the button that ends it. */
export function adminSessions(frame: Frame, props: AdminSessionsProps): Page {
  const say = voice(frame.language)
  const { active, total } = props.counts
  const url = safeLink(props.url)
  const find =
    url === null
      ? NOTHING
      : markup`<form class="list" method="get" action="${url}">${field('find-text', say.say('admin.find-session'), props.text, { type: 'search', most: 80 })}${field('find-world', say.say('admin.world'), props.world, { most: 128 })}<button class="button">${say.say('admin.show')}</button></form>`
  const list = sessionList(
    props.list.map((session) => row(session, say)),
    props.url,
    say,
  )
  return layOut(frame, {
    name: 'admin-sessions',
    status: props.status,
    tone: props.notice?.kind === 'refused' ? 'stop' : 'calm',
    icon: 'device',
    heading: 'admin.sessions',
    body: markup`${noticeLine(props.notice, say)}<p>${say.say('admin.counts', { active, total })}</p>`,
    beside: areaLinks(props, say),
    more: [card('list', say.say('admin.all-sessions'), markup`${find}${list}${pagerOf(props, say)}`)],
    viewer: 'hidden',
    focus: 'none',
  })
}
