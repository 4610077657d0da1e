import { type Pager, pagerOf } from './admin/parts.ts'
import { type Frame, layOut, type Page } from './layout.ts'
import { type Markup, markup, NOTHING, safeLink, shown } from './markup.ts'
import { card, facts, press } from './parts.ts'
import { type Voice, voice } from './voice.ts'

/** One signed-in device of the player. Times are ISO 8601. */
export interface DeviceEntry {
  /** What kind of device, from its user agent; null when not known. */
  readonly label: string | null
  /** Country or shortened address; null when not recorded. */
  readonly place: string | null
  readonly current: 'yes' | 'no'
  readonly beganAt: string
  readonly seenAt: string
  /** A POST that ends it. */
  readonly endUrl: string
}

/** One way to sign in. */
export interface IdentityEntry {
  readonly provider: string
  /** What the player is called there; null when not known. */
  readonly name: string | null
  readonly addedAt: string
  readonly primary: 'yes' | 'no'
  /** A POST; null when this one cannot be removed. */
  readonly unlinkUrl: string | null
  /** A POST; null when it is primary already. */
  readonly primaryUrl: string | null
}

/** One API token; the token itself is never here. */
export interface TokenEntry {
  readonly name: string
  /** Permissions it is limited to; null: all of its owner's. */
  readonly scopes: readonly string[] | null
  readonly usedAt: string | null
  readonly endsAt: string | null
  /** A POST that revokes it. */
  readonly revokeUrl: string
}

/** Props of the account page. Six devices and three tokens stay under 15 KB in every language; page longer lists. */
export interface AccountProps {
  /** `saved`: the last form did what it said. */
  readonly notice: 'none' | 'saved'
  /** The administration; null: not for this reader. */
  readonly adminUrl: string | null
  /** POSTs. */
  readonly signOutUrl: string
  readonly signOutAllUrl: string
  /** A POST that ends the session at this provider too; null where it cannot be asked. */
  readonly signOutThere: { readonly provider: string; readonly url: string } | null
  /** A POST; null when there is no other device. */
  readonly endOthersUrl: string | null
  readonly devices: readonly DeviceEntry[]
  /** Where the other devices are, and how many there are in all; absent: all are here. */
  readonly otherDevices?: Pager & { readonly total: number }
  readonly identities: readonly IdentityEntry[]
  /** Providers that can be added; each `url` takes a POST whose answer is the `handOver` page. */
  readonly addable: readonly { readonly provider: string; readonly url: string }[]
  /** null: API tokens are not offered here. */
  readonly tokens: {
    readonly list: readonly TokenEntry[]
    /** A token made just now, to be copied; shown this once. */
    readonly fresh: string | null
    /** Takes the field `name` by POST; null: none can be made. */
    readonly createUrl: string | null
  } | null
}

function deviceRow(device: DeviceEntry, say: Voice): Markup {
  const label = device.label ?? say.text('account.device')
  const current = device.current === 'yes' ? markup` <span class="tag">${say.say('account.current')}</span>` : NOTHING
  const about = facts([
    device.place === null ? null : shown(device.place),
    say.say('account.seen', { when: say.moment(device.seenAt) }),
    say.say('account.began', { when: say.day(device.beganAt) }),
  ])
  const end = press(device.endUrl, say.say('account.end'), say.text('account.end-name', { device: label }))
  return markup`<li><div><strong>${shown(label, 60)}</strong>${current}<br>${about}</div>${end}</li>`
}

function devicesCard(props: AccountProps, say: Voice): Markup {
  const rows = props.devices.map((device) => deviceRow(device, say))
  const others = safeLink(props.endOthersUrl ?? '')
  const all =
    others === null
      ? NOTHING
      : markup`<form method="post" action="${others}"><button class="button">${say.say('account.end-others')}</button></form>`
  return card(
    'devices',
    say.say('account.devices'),
    markup`${ofAll(props, say)}<ul class="rows">${rows}</ul>${more(props, say)}${all}`,
  )
}

function ofAll({ devices, otherDevices }: AccountProps, say: Voice): Markup {
  if (otherDevices === undefined) return NOTHING
  const shown = String(devices.length)
  return markup`<p class="soft">${say.say('admin.shown', { shown, total: String(otherDevices.total) })}</p>`
}

function more({ otherDevices }: AccountProps, say: Voice): Markup {
  return otherDevices === undefined ? NOTHING : pagerOf(otherDevices, say)
}

function identityRow(identity: IdentityEntry, say: Voice): Markup {
  const provider = identity.provider
  const tag = identity.primary === 'yes' ? markup` <span class="tag">${say.say('account.primary')}</span>` : NOTHING
  const about = facts([
    identity.name === null ? null : shown(identity.name),
    say.say('account.added', { when: say.day(identity.addedAt) }),
  ])
  const buttons = [
    press(identity.primaryUrl, say.say('account.make-primary'), say.text('account.make-primary-name', { provider })),
    press(identity.unlinkUrl, say.say('account.unlink'), say.text('account.unlink-name', { provider })),
  ]
  return markup`<li><div><strong>${shown(provider)}</strong>${tag}<br>${about}</div>${buttons}</li>`
}

function identitiesCard(props: AccountProps, say: Voice): Markup {
  const rows = props.identities.map((identity) => identityRow(identity, say))
  const only = props.identities.length === 1 ? markup`<p class="soft">${say.say('account.only')}</p>` : NOTHING
  const adds = props.addable.map(({ provider, url }) => {
    const action = safeLink(url)
    return action === null
      ? NOTHING
      : markup`<form method="post" action="${action}"><button class="button slim"><span>${say.say('account.link', { provider })}</span></button></form>`
  })
  const add = adds.length === 0 ? NOTHING : markup`<div class="bits">${adds}</div>`
  return card('identities', say.say('account.identities'), markup`<ul class="rows">${rows}</ul>${only}${add}`)
}

function tokenRow(token: TokenEntry, say: Voice): Markup {
  const scopes =
    token.scopes === null
      ? say.say('tokens.all')
      : say.say('tokens.scopes', { scopes: markup`<code>${shown(token.scopes.join(', '), 200)}</code>` })
  const used =
    token.usedAt === null ? say.say('tokens.unused') : say.say('tokens.used', { when: say.moment(token.usedAt) })
  const ends =
    token.endsAt === null ? say.say('tokens.endless') : say.say('tokens.ends', { when: say.day(token.endsAt) })
  const revoke = press(token.revokeUrl, say.say('tokens.revoke'), say.text('tokens.revoke-name', { token: token.name }))
  return markup`<li><div><strong>${shown(token.name)}</strong><br>${facts([scopes, used, ends])}</div>${revoke}</li>`
}

function freshToken(token: string, say: Voice): Markup {
  const note = markup`<p><strong>${say.say('tokens.fresh')}</strong> ${say.say('tokens.fresh-note')}</p>`
  return markup`<div class="note list" role="status">${note}<code class="secret" dir="ltr">${token}</code></div>`
}

function tokensCard(tokens: AccountProps['tokens'], say: Voice): readonly Markup[] {
  if (tokens === null) return []
  const rows = tokens.list.map((token) => tokenRow(token, say))
  const list =
    rows.length === 0 ? markup`<p class="soft">${say.say('tokens.none')}</p>` : markup`<ul class="rows">${rows}</ul>`
  const fresh = tokens.fresh === null ? NOTHING : freshToken(tokens.fresh, say)
  const action = safeLink(tokens.createUrl ?? '')
  const label = markup`<label for="token">${say.say('tokens.name')}</label>`
  const input = markup`<input class="text" id="token" name="name" maxlength="80" autocomplete="off" required>`
  const create =
    action === null
      ? NOTHING
      : markup`<form class="list" method="post" action="${action}"><div class="field">${label}${input}</div><button class="button">${say.say('tokens.create')}</button></form>`
  return [card('tokens', say.say('tokens.heading'), markup`${fresh}${list}${create}`)]
}

function signOutThere({ signOutThere: there }: AccountProps, say: Voice): Markup {
  const action = safeLink(there?.url ?? '')
  if (there === null || action === null) return NOTHING
  const label = say.say('account.sign-out-there', { provider: there.provider })
  return markup`<form method="post" action="${action}"><button class="button"><span>${label}</span></button></form>`
}

function administration({ adminUrl }: AccountProps, say: Voice): Markup {
  const link = safeLink(adminUrl ?? '')
  return link === null ? NOTHING : markup`<a class="button" href="${link}">${say.say('admin.heading')}</a>`
}

function greeting(frame: Frame, say: Voice): Markup {
  if (frame.viewer.kind === 'guest') return say.say('account.guest')
  if (frame.viewer.kind !== 'signed-in') return say.say('viewer.out')
  const name = frame.viewer.name
  return name === null ? say.say('viewer.unnamed') : say.say('account.as', { name })
}

/** Where a player looks after devices, ways to sign in and API tokens. */
export function account(frame: Frame, props: AccountProps): Page {
  const say = voice(frame.language)
  const saved =
    props.notice === 'saved' ? markup`<p class="note" role="status">${say.say('account.saved')}</p>` : NOTHING
  return layOut(frame, {
    name: 'account',
    status: 200,
    tone: 'calm',
    icon: 'person',
    heading: 'account.heading',
    body: markup`<p class="soft">${greeting(frame, say)}</p>${saved}`,
    beside: markup`${signOutThere(props, say)}${administration(props, say)}`,
    actions: [
      { label: say.say('account.sign-out'), url: props.signOutUrl, how: 'post' },
      { label: say.say('account.sign-out-all'), url: props.signOutAllUrl, how: 'post' },
    ],
    more: [devicesCard(props, say), identitiesCard(props, say), ...tokensCard(props.tokens, say)],
    viewer: 'hidden',
    focus: 'none',
  })
}
