import { type Frame, layOut, type Page } from '../layout.ts'
import { type Markup, markup, NOTHING, safeLink, shown } from '../markup.ts'
import { hiddenFields } from '../parts.ts'
import { type Voice, voice } from '../voice.ts'
import { type Notice, nameOf, noticeLine, word } from './parts.ts'

/** What is about to happen to somebody. */
export type Deed =
  | { readonly kind: 'kick' }
  | { readonly kind: 'suspend'; readonly until: string; readonly reason: string }
  | { readonly kind: 'ban'; readonly reason: string }
  | { readonly kind: 'restore' }
  | { readonly kind: 'give' | 'take'; readonly added: readonly string[]; readonly removed: readonly string[] }

/** Props of the page that asks once more. */
export interface ConfirmProps {
  readonly notice: Notice | null
  readonly status: number
  readonly name: string | null
  readonly id: string
  readonly deed: Deed
  /** Live sessions that end. */
  readonly sessions: number
  readonly url: string
  /** Sent back as they are. */
  readonly fields: Readonly<Record<string, string>>
  readonly cancelUrl: string
}

function sentences(deed: Deed, name: Markup, say: Voice): readonly Markup[] {
  switch (deed.kind) {
    case 'kick':
    case 'restore':
      return [say.say(`admin.will-${deed.kind}`, { name })]
    case 'suspend':
      return [say.say('admin.will-suspend', { name, when: say.moment(deed.until) })]
    case 'ban':
      return [say.say('admin.will-ban', { name })]
    case 'give':
    case 'take': {
      const gets = deed.added.map((role) => say.say('admin.will-give', { name, role: shown(role) }))
      const loses = deed.removed.map((role) => say.say('admin.will-take', { name, role: shown(role) }))
      return gets.length + loses.length === 0 ? [say.say('admin.will-nothing')] : [...gets, ...loses]
    }
  }
}

/** Says in words what will happen to whom, and does it on the next press. */
export function adminConfirm(frame: Frame, props: ConfirmProps): Page {
  const say = voice(frame.language)
  const { deed } = props
  const name = markup`<strong>${nameOf(props.name, say)}</strong>`
  const said = sentences(deed, name, say).map((text) => markup`<p>${text}</p>`)
  const isStop = deed.kind === 'suspend' || deed.kind === 'ban'
  const reason = isStop
    ? markup`<p class="note care">${say.say('admin.will-reason', { reason: shown(deed.reason, 300) })}</p>`
    : NOTHING
  const ends =
    isStop || deed.kind === 'kick' ? markup`<p>${say.say('admin.will-end', { count: props.sessions })}</p>` : NOTHING
  const [url, cancel] = [safeLink(props.url), safeLink(props.cancelUrl)]
  const isEmpty = (deed.kind === 'give' || deed.kind === 'take') && deed.added.length + deed.removed.length === 0
  const form =
    url === null || isEmpty
      ? NOTHING
      : markup`<form method="post" action="${url}">${hiddenFields(props.fields)}<button class="button go">${say.say(`admin.${deed.kind}`)}</button></form>`
  const back = cancel === null ? NOTHING : markup`<a class="button" href="${cancel}">${say.say('admin.cancel')}</a>`
  return layOut(frame, {
    name: 'admin-confirm',
    status: props.status,
    tone: 'care',
    icon: 'shield',
    heading: 'admin.confirm',
    body: markup`${noticeLine(props.notice, say)}${said}${reason}${ends}<p class="soft small">${word(props.id)}</p>`,
    beside: markup`<div class="do">${form}${back}</div>`,
    viewer: 'hidden',
    focus: props.notice === null ? 'heading' : 'none',
  })
}
