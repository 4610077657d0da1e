import { type Markup, markup, NOTHING, type Piece, safeLink, shown } from '../markup.ts'
import type { MessageKey } from '../messages/keys.ts'
import type { Voice } from '../voice.ts'

/** Parts of the administration, in the order in which they are offered. */
export type AreaName = 'people' | 'sessions' | 'audit' | 'policy'

/** One part of the administration that its reader may use. */
export interface Area {
  readonly name: AreaName
  readonly url: string
}

/** Which parts are offered, and in which of them one is. */
export interface Place {
  readonly areas: readonly Area[]
  readonly here: AreaName
}

/** What the last form did, or why it did nothing. */
export interface Notice {
  readonly kind: 'done' | 'refused'
  readonly key: MessageKey
  readonly values?: Readonly<Record<string, string>>
}

/** Where a list begins again, and where it goes on; null: nowhere. */
export interface Pager {
  readonly firstUrl: string | null
  readonly nextUrl: string | null
}

/** One column of a table: its heading and a cell of each row, the first of which names the row. */
export interface Table {
  /** Said before the table, for those who do not see it too. */
  readonly caption: Markup
  readonly heads: readonly Markup[]
  readonly rows: readonly (readonly Markup[])[]
}

/** The links to what the reader may use. */
export function areaLinks({ areas, here }: Place, say: Voice): Markup {
  const links = areas.map(({ name, url }) => {
    const current = name === here ? markup` aria-current="page"` : NOTHING
    const link = safeLink(url)
    return link === null
      ? NOTHING
      : markup`<li><a class="button slim" href="${link}"${current}>${say.say(`admin.${name}`)}</a></li>`
  })
  return markup`<nav aria-label="${say.text('admin.areas')}"><ul class="bits">${links}</ul></nav>`
}

/** What the last form did; the focus begins on it. */
export function noticeLine(notice: Notice | null, say: Voice): Markup {
  if (notice === null) return NOTHING
  const text = say.say(notice.key, notice.values)
  return notice.kind === 'done'
    ? markup`<p class="note" role="status" tabindex="-1" autofocus>${text}</p>`
    : markup`<p class="note stop" role="alert" tabindex="-1" autofocus>${text}</p>`
}

/** A table; one sentence when it has no rows. */
export function tableOf({ caption, heads, rows }: Table, say: Voice): Markup {
  if (rows.length === 0) return markup`<p class="soft">${say.say('admin.nothing')}</p>`
  const head = heads.map((text) => markup`<th scope="col">${text}</th>`)
  const body = rows.map(([first, ...rest]) => {
    const cells = rest.map((cell) => markup`<td>${cell}</td>`)
    return markup`<tr><th scope="row">${first ?? NOTHING}</th>${cells}</tr>`
  })
  return markup`<table><caption>${caption}</caption><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`
}

/** The links to the first and to the next page of a list. */
export function pagerOf({ firstUrl, nextUrl }: Pager, say: Voice): Markup {
  const links = [
    [firstUrl, 'admin.first'],
    [nextUrl, 'admin.next'],
  ] as const
  const known = links.flatMap(([url, key]) => {
    const link = safeLink(url ?? '')
    return link === null ? [] : [markup`<a class="button slim" href="${link}">${say.say(key)}</a>`]
  })
  return known.length === 0 ? NOTHING : markup`<div class="bits">${known}</div>`
}

/** A field with its label; `type` is that of the input. */
export function field(
  id: string,
  label: Markup,
  value: string,
  more: {
    readonly type?: 'text' | 'date' | 'datetime-local' | 'search'
    readonly most?: number
    readonly needed?: 'yes'
  } = {},
): Markup {
  const { type = 'text', most, needed } = more
  const limit = most === undefined ? NOTHING : markup` maxlength="${most}"`
  const must = needed === undefined ? NOTHING : markup` required`
  // WHY: paths, ids and names have a direction of their own: written from the right, "/play" reads "play/".
  const side = type === 'text' || type === 'search' ? markup` dir="auto"` : NOTHING
  return markup`<div class="field"><label for="${id}">${label}</label><input class="text" type="${type}" id="${id}" name="${id.slice(id.lastIndexOf('-') + 1)}" value="${value}"${limit}${must}${side}></div>`
}

/** A choice with its label. */
export function choice(
  id: string,
  label: Markup,
  options: readonly { readonly value: string; readonly text: Piece }[],
  chosen: string,
): Markup {
  const list = options.map(({ value, text }) => {
    const selected = value === chosen ? markup` selected` : NOTHING
    const named = value === text ? NOTHING : markup` value="${value}"`
    return markup`<option${named}${selected}>${text}</option>`
  })
  return markup`<div class="field"><label for="${id}">${label}</label><select class="text" id="${id}" name="${id.slice(id.lastIndexOf('-') + 1)}">${list}</select></div>`
}

/** What somebody is called, or that they have no name. */
export function nameOf(name: string | null, say: Voice): Markup {
  return name === null ? say.say('admin.unnamed') : shown(name, 60)
}

/** A word of the policy or of the record, as it is written there. */
export function word(text: string, most: number = 80): Markup {
  return markup`<code>${shown(text, most)}</code>`
}

/** Whether an account may be used, in words. */
export type StandingShown =
  | { readonly kind: 'active' }
  | { readonly kind: 'suspended'; readonly until: string; readonly reason: string }
  | { readonly kind: 'banned'; readonly reason: string }

// WHY: a narrow column breaks where words end, and not within "Suspended".
function whole(text: Markup): Markup {
  return markup`<span class="whole">${text}</span>`
}

/** Whether an account may be used; the reason stands elsewhere. */
export function standingText(standing: StandingShown, say: Voice): Markup {
  if (standing.kind === 'active') return whole(say.say('admin.active'))
  if (standing.kind === 'banned') return whole(say.say('admin.banned'))
  return whole(say.say('admin.suspended', { when: say.moment(standing.until) }))
}
