import { type Frame, layOut, type Page } from '../layout.ts'
import { type Markup, markup, NOTHING, safeLink, shown } from '../markup.ts'
import { card, facts } from '../parts.ts'
import { type Voice, voice } from '../voice.ts'
import {
  areaLinks,
  choice,
  field,
  nameOf,
  type Pager,
  type Place,
  pagerOf,
  type StandingShown,
  standingText,
  tableOf,
  word,
} from './parts.ts'

/** One person in a list. */
export interface PersonRow {
  readonly url: string
  readonly id: string
  /** Null: without one. */
  readonly name: string | null
  readonly guest: 'yes' | 'no'
  readonly roles: readonly string[]
  readonly standing: StandingShown
}

/** Where an id may be from, beside this site. */
export interface Origin {
  readonly id: string
  readonly name: string
}

/** Props of the first page of the administration. Fifteen people stay under 15 KB in every language. */
export interface AdminHomeProps extends Place {
  readonly roles: readonly string[]
  /** Permissions of administrative actions that the reader holds. */
  readonly may: readonly string[]
  /** Null: not for this reader. */
  readonly counts: { readonly active: number; readonly total: number } | null
  /** Null: not for this reader. */
  readonly people:
    | (Pager & {
        readonly action: string
        readonly text: string
        /** Providers whose ids of people can be looked for. */
        readonly origins: readonly Origin[]
        /** The chosen one; empty: this site. */
        readonly from: string
        readonly list: readonly PersonRow[]
      })
    | null
}

function personRow(person: PersonRow, say: Voice): readonly Markup[] {
  const link = safeLink(person.url)
  const name = nameOf(person.name, say)
  const tag = person.guest === 'yes' ? markup` <span class="tag">${say.say('admin.guest')}</span>` : NOTHING
  const named = link === null ? name : markup`<a href="${link}">${name}</a>`
  return [
    markup`${named}${tag}<br>${facts([word(person.id)])}`,
    // WHY: a third column would be too narrow for its words in a window of 320 pixels.
    markup`${shown(person.roles.join(', '), 120)}<br>${standingText(person.standing, say)}`,
  ]
}

function originChoice(
  { origins, from }: Pick<NonNullable<AdminHomeProps['people']>, 'origins' | 'from'>,
  say: Voice,
): Markup {
  if (origins.length === 0) return NOTHING
  const options = origins.map(({ id, name }) => ({ value: id, text: shown(name, 60) }))
  const here = { value: '', text: say.say('admin.find-here') }
  return choice('find-from', say.say('admin.find-from'), [here, ...options], from)
}

function peopleCard(people: AdminHomeProps['people'], say: Voice): readonly Markup[] {
  if (people === null) return []
  const action = safeLink(people.action)
  const find =
    action === null
      ? NOTHING
      : markup`<form class="list" method="get" action="${action}">${field('find-text', say.say('admin.find'), people.text, { type: 'search', most: 255 })}${originChoice(people, say)}<button class="button">${say.say('admin.find-button')}</button></form>`
  const list = tableOf(
    {
      caption: say.say(people.text === '' ? 'admin.everybody' : 'admin.found'),
      heads: [say.say('admin.name'), markup`${say.say('admin.roles')} · ${say.say('admin.standing')}`],
      rows: people.list.map((person) => personRow(person, say)),
    },
    say,
  )
  return [card('people', say.say('admin.people'), markup`${find}${list}${pagerOf(people, say)}`)]
}

/** Where administrators begin: who one is, what one may do, how many play, and finding a person. */
export function adminHome(frame: Frame, props: AdminHomeProps): Page {
  const say = voice(frame.language)
  const { viewer } = frame
  const name = viewer.kind === 'signed-in' && viewer.name !== null ? viewer.name : null
  const you = say.say('admin.you', { name: nameOf(name, say), roles: shown(props.roles.join(', '), 200) })
  const may = say.say('admin.may', { permissions: word(props.may.join(', '), 300) })
  const counts =
    props.counts === null
      ? NOTHING
      : markup`<p>${say.say('admin.counts', { active: props.counts.active, total: props.counts.total })}</p>`
  return layOut(frame, {
    name: 'admin-home',
    status: 200,
    tone: 'calm',
    icon: 'shield',
    heading: 'admin.heading',
    body: markup`<p>${you}</p><p class="soft small">${may}</p>${counts}`,
    beside: areaLinks(props, say),
    more: peopleCard(props.people, say),
    viewer: 'hidden',
    focus: 'none',
  })
}
