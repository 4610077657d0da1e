import { type Frame, layOut, type Page } from '../layout.ts'
import { type Markup, markup, NOTHING, safeLink, shown } from '../markup.ts'
import { card, facts, hiddenFields, press } from '../parts.ts'
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
  type StandingShown,
  standingText,
  word,
} from './parts.ts'

/** One live session of a person. Times are ISO 8601. */
export interface SessionEntry {
  readonly label: string | null
  readonly place: string | null
  readonly character: string | null
  readonly seenAt: string
  /** What the button that ends it sends as `session`; null: not for this reader. */
  readonly end: string | null
}

/** One API token of a person, without its secret. */
export interface OwnedToken {
  readonly id: string
  readonly name: string
  readonly endsAt: string | null
  readonly usedAt: string | null
  /** A POST that revokes it; null: not for this reader. */
  readonly revokeUrl: string | null
}

/** A role that may be given or taken. */
export interface RoleChoice {
  readonly name: string
  readonly display: string
}

/** What an administrator typed into the form of an action. */
export interface Typed {
  readonly reason: string
  readonly until: string
}

/** What the reader may do to a person. */
export interface PersonActs {
  /** Takes every one of these forms by POST. */
  readonly url: string
  readonly kick: 'offered' | 'not'
  /** `stopped`: the account may not be used now, so that it can be restored too. */
  readonly standing: 'active' | 'stopped' | 'not'
  readonly give: readonly RoleChoice[]
  readonly take: readonly RoleChoice[]
  readonly typed: Typed
}

/** Props of the page about one person. */
export interface PersonProps extends Place {
  readonly notice: Notice | null
  /** Of a refusal; 200 otherwise. */
  readonly status: number
  readonly id: string
  readonly name: string | null
  readonly email: string | null
  readonly guest: 'yes' | 'no'
  /** The names people know, and those of them that the policy does not know. */
  readonly roles: readonly string[]
  readonly unknownRoles: readonly string[]
  readonly level: number | null
  readonly standing: StandingShown
  readonly createdAt: string
  readonly seenAt: string
  readonly identities: readonly {
    readonly provider: string
    readonly name: string | null
    readonly primary: 'yes' | 'no'
  }[]
  /** Open connections in this process; null: not known here. */
  readonly openSockets: number | null
  readonly sessions: Pager & { readonly list: readonly SessionEntry[]; readonly total: number }
  readonly tokens: readonly OwnedToken[]
  /** Why nothing is offered, where nothing is. */
  readonly reach: 'theirs' | 'own' | 'above'
  readonly acts: PersonActs
}

function line(term: Markup, value: Markup): Markup {
  return markup`<li><div>${term}<br><strong>${value}</strong></div></li>`
}

function factsCard(props: PersonProps, say: Voice): Markup {
  const unknown = props.unknownRoles.map((role) => markup`${word(role)} (${say.say('admin.unknown-role')}) `)
  const level = props.level === null ? NOTHING : markup` · ${say.say('admin.level', { level: props.level })}`
  const { standing } = props
  const lines = [
    line(say.say('admin.id'), word(props.id)),
    line(say.say('admin.roles'), markup`${shown(props.roles.join(', '), 200)}${level} ${unknown}`),
    line(say.say('admin.standing'), standingText(standing, say)),
    standing.kind === 'active' ? NOTHING : line(say.say('admin.reason'), shown(standing.reason, 300)),
    props.email === null ? NOTHING : line(say.say('admin.e-mail'), shown(props.email, 254)),
    line(say.say('admin.since'), say.day(props.createdAt)),
    line(say.say('admin.last-sign-in'), say.moment(props.seenAt)),
    line(say.say('account.identities'), identityList(props, say)),
  ]
  return card('facts', say.say('admin.facts'), markup`<ul class="rows">${lines}</ul>`)
}

function identityList({ identities }: PersonProps, say: Voice): Markup {
  const list = identities.map(({ provider, name, primary }, at) => {
    const tag = primary === 'yes' ? markup` <span class="tag">${say.say('account.primary')}</span>` : NOTHING
    const known = name === null ? NOTHING : markup` · ${shown(name)}`
    return markup`${at === 0 ? NOTHING : markup`<br>`}${shown(provider)}${known}${tag}`
  })
  return markup`${list}`
}

/** One live session as a row of a list, with the button that ends it. */
export function sessionRow(session: SessionEntry, say: Voice, owner: Markup = NOTHING): Markup {
  const label = session.label ?? say.text('account.device')
  const about = facts([
    session.place === null ? null : shown(session.place),
    session.character === null ? null : shown(session.character),
    say.say('account.seen', { when: say.moment(session.seenAt) }),
  ])
  const end =
    session.end === null
      ? NOTHING
      : markup`<button class="button slim" name="session" value="${session.end}" aria-label="${say.text('admin.end-name', { device: label })}">${say.say('admin.end')}</button>`
  return markup`<li><div>${owner}<strong>${shown(label, 60)}</strong><br>${about}</div>${end}</li>`
}

/** Live sessions in one form, whose buttons end one each. */
export function sessionList(rows: readonly Markup[], action: string | null, say: Voice): Markup {
  const url = safeLink(action ?? '')
  if (rows.length === 0) return markup`<p class="soft">${say.say('admin.nothing')}</p>`
  if (url === null) return markup`<ul class="rows">${rows}</ul>`
  const fields = hiddenFields({ do: 'session' })
  return markup`<form method="post" action="${url}">${fields}<ul class="rows">${rows}</ul></form>`
}

function sessionsCard({ sessions, acts, openSockets }: PersonProps, say: Voice): Markup {
  const rows = sessions.list.map((session) => sessionRow(session, say))
  const all = say.say('admin.shown', { shown: rows.length, total: sessions.total })
  const open = openSockets === null ? NOTHING : markup` ${say.say('admin.open', { count: openSockets })}`
  const list = sessionList(rows, acts.kick === 'offered' ? acts.url : null, say)
  return card(
    'sessions',
    say.say('account.devices'),
    markup`<p class="soft">${all}${open}</p>${list}${pagerOf(sessions, say)}`,
  )
}

function tokensCard({ tokens }: PersonProps, say: Voice): readonly Markup[] {
  if (tokens.length === 0) return []
  const rows = tokens.map((token) => {
    const used =
      token.usedAt === null ? say.say('tokens.unused') : say.say('tokens.used', { when: say.moment(token.usedAt) })
    const ends =
      token.endsAt === null ? say.say('tokens.endless') : say.say('tokens.ends', { when: say.day(token.endsAt) })
    const fields = { do: 'token', token: token.id }
    const revoke = press(
      token.revokeUrl,
      say.say('tokens.revoke'),
      say.text('tokens.revoke-name', { token: token.name }),
      fields,
    )
    return markup`<li><div><strong>${shown(token.name)}</strong><br>${facts([used, ends])}</div>${revoke}</li>`
  })
  return [card('tokens', say.say('tokens.heading'), markup`<ul class="rows">${rows}</ul>`)]
}

function actForm(url: string, act: string, label: Markup, body: readonly Markup[] = []): Markup {
  return markup`<form class="list" method="post" action="${url}">${hiddenFields({ do: act })}${body}<button class="button">${label}</button></form>`
}

function standingForms(acts: PersonActs, url: string, say: Voice): readonly Markup[] {
  if (acts.standing === 'not') return []
  const restore = acts.standing === 'stopped' ? actForm(url, 'restore', say.say('admin.restore')) : NOTHING
  const reason = field('stop-reason', say.say('admin.reason-field'), acts.typed.reason, { most: 300, needed: 'yes' })
  const until = field('stop-until', say.say('admin.until'), acts.typed.until, { type: 'datetime-local' })
  const buttons = (['suspend', 'ban'] as const).map(
    (act) => markup`<button class="button" name="do" value="${act}">${say.say(`admin.${act}`)}</button>`,
  )
  return [
    restore,
    markup`<form class="list" method="post" action="${url}">${reason}${until}<div class="do">${buttons}</div></form>`,
  ]
}

function roleForms(acts: PersonActs, url: string, say: Voice): readonly Markup[] {
  return (['give', 'take'] as const).flatMap((act) => {
    const options = acts[act].map(({ name, display }) => ({ value: name, text: display }))
    if (options.length === 0) return []
    return [actForm(url, act, say.say(`admin.${act}`), [choice(`${act}-role`, say.say('admin.role'), options, '')])]
  })
}

function actsCard({ acts, reach }: PersonProps, say: Voice): Markup {
  const url = safeLink(acts.url)
  const why =
    reach === 'theirs'
      ? NOTHING
      : markup`<p class="soft">${say.say(reach === 'own' ? 'admin.yourself' : 'admin.above')}</p>`
  const forms =
    url === null
      ? []
      : [
          acts.kick === 'offered' ? actForm(url, 'kick', say.say('admin.kick')) : NOTHING,
          ...standingForms(acts, url, say),
          ...roleForms(acts, url, say),
        ]
  return card('acts', say.say('admin.acts'), markup`${why}${forms}`)
}

/** One person: what is known, live sessions, tokens, and what the reader may do. */
export function adminPerson(frame: Frame, props: PersonProps): Page {
  const say = voice(frame.language)
  const guest = props.guest === 'yes' ? markup`<p><span class="tag">${say.say('admin.guest')}</span></p>` : NOTHING
  return layOut(frame, {
    name: 'admin-person',
    status: props.status,
    tone: props.notice?.kind === 'refused' ? 'stop' : 'calm',
    icon: 'person',
    heading: 'admin.person',
    values: { name: props.name ?? say.text('admin.unnamed') },
    body: markup`${guest}${noticeLine(props.notice, say)}`,
    beside: areaLinks(props, say),
    more: [factsCard(props, say), sessionsCard(props, say), ...tokensCard(props, say), actsCard(props, say)],
    viewer: 'hidden',
    focus: 'none',
  })
}
