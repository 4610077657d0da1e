import type { EndReason } from '../core/person.ts'
import { type Action, type Frame, goTo, homeward, layOut, type Page } from './layout.ts'
import { type Markup, markup, NOTHING, safeLink, tidy } from './markup.ts'
import type { MessageKey } from './messages/keys.ts'
import { type Voice, voice } from './voice.ts'

/** One way to sign in, as the chooser offers it. */
export interface ProviderChoice {
  readonly name: string
  readonly startUrl: string
  /** The start URL that asks for a long-lived session; null where "keep me signed in" is not offered. */
  readonly rememberUrl: string | null
}

/** Props of the sign-in chooser. */
export interface ChooserProps {
  readonly providers: readonly ProviderChoice[]
  /** Guest button: a POST to `action` that says where to go on by hidden fields; null: no guests here. */
  readonly guest: { readonly action: string; readonly fields: Readonly<Record<string, string>> } | null
  /** `confirm`: signed in, but not recently enough for this step. */
  readonly reason: 'sign-in' | 'confirm'
  /** The browser looks like one inside another app. */
  readonly webview: 'yes' | 'no'
  /** `tab`: providers refuse to be framed, so their links leave the frame this is shown in; absent: in place. */
  readonly leave?: 'tab'
  /** Why the session this browser still names is over; null or absent: there was none. */
  readonly ended?: EndReason | null
  /** Signs in and goes to the devices of the account; absent: signing in leads there anyway. */
  readonly devicesUrl?: string
}

/** Props of the page after signing out. */
export interface SignedOutProps {
  readonly scope: 'here' | 'everywhere'
  /** The provider where a session may go on; null when it was ended too or is not known. */
  readonly provider: string | null
  /** A POST that ends that one too; null where the provider cannot be asked. */
  readonly endUrl: string | null
  readonly signInUrl: string
}

/** Props of the page after a provider or a person said no. */
export interface RefusedProps {
  readonly provider: string
  readonly retryUrl: string
  readonly chooseUrl: string
}

/** Props of the page about a sign-in that lost its transaction. */
export interface InterruptedProps {
  /** Starts the same provider again and keeps the destination. */
  readonly restartUrl: string
}

function ways(props: ChooserProps, say: Voice, which: 'plain' | 'remember', hidden: string): Markup {
  const tab = props.leave === 'tab' ? markup` target="_blank" rel="noopener"` : NOTHING
  const items = props.providers.map((provider) => {
    const url = safeLink(which === 'plain' ? provider.startUrl : (provider.rememberUrl ?? provider.startUrl))
    const initial = [...tidy(provider.name)][0]?.toUpperCase() ?? ''
    const label = say.say('sign-in.with', { provider: provider.name })
    return url === null
      ? NOTHING
      : markup`<li><a class="button way" href="${url}"${tab}><span class="mark" aria-hidden="true">${initial}</span><span>${label}</span></a></li>`
  })
  return markup`<ul class="list${hidden}">${items}</ul>`
}

function choices(props: ChooserProps, say: Voice): Markup {
  if (props.providers.length === 0) return props.guest === null ? markup`<p>${say.say('sign-in.none')}</p>` : NOTHING
  if (props.providers.every((provider) => provider.rememberUrl === null)) return ways(props, say, 'plain', '')
  // WHY: a form would be stopped by form-action at the provider's redirect; the box switches between two lists of links, without script.
  const plain = ways(props, say, 'plain', ' off')
  const remember = ways(props, say, 'remember', ' on')
  const label = markup`<label for="remember">${say.say('sign-in.remember')}</label>`
  return markup`<div class="keep"><input type="checkbox" id="remember" autocomplete="off">${label}${plain}${remember}</div>`
}

function guestForm(props: ChooserProps, say: Voice): Markup {
  const action = safeLink(props.guest?.action ?? '')
  if (props.guest === null || action === null) return NOTHING
  const or = props.providers.length === 0 ? NOTHING : markup`<p class="or">${say.say('sign-in.or')}</p>`
  const hidden = Object.entries(props.guest.fields).map(
    ([name, value]) => markup`<input type="hidden" name="${name}" value="${value}">`,
  )
  const button = markup`<button class="button">${say.say('sign-in.guest')}</button>`
  return markup`${or}<form class="list" method="post" action="${action}">${hidden}${button}<small>${say.say('sign-in.guest-note')}</small></form>`
}

function originOf(url: string): readonly string[] {
  return /^https?:\/\//i.test(url) && URL.canParse(url) ? [new URL(url).origin] : []
}

const ENDED = {
  expired: 'ended.expired.lead',
  'signed-out': 'ended.signed-out.lead',
  kicked: 'ended.kicked.lead',
  banned: 'ended.banned.lead',
  evicted: 'elsewhere.lead',
} as const satisfies Record<EndReason, MessageKey>

/** What somebody can do about the end of their session beside signing in again; nothing where that is all. */
function about(ended: EndReason, devicesUrl: string | undefined, frame: Frame, say: Voice): Markup {
  if (ended === 'banned') return appealLink(frame, say)
  if (ended !== 'evicted' && ended !== 'signed-out') return NOTHING
  const url = safeLink(devicesUrl ?? '')
  return url === null ? NOTHING : markup` <a href="${url}">${say.say('elsewhere.devices')}</a>`
}

function notices({ ended, webview, devicesUrl }: ChooserProps, frame: Frame, say: Voice): Markup {
  const over =
    ended === undefined || ended === null
      ? NOTHING
      : markup`<p class="note care">${say.say(ENDED[ended], { brand: frame.brand.name })}${about(ended, devicesUrl, frame, say)}</p>`
  return webview === 'yes' ? markup`${over}<p class="note care">${say.say('sign-in.webview')}</p>` : over
}

function appealLink({ brand }: Frame, say: Voice): Markup {
  const url = safeLink(brand.appealUrl ?? '')
  return url === null ? NOTHING : markup` <a href="${url}">${say.say('suspended.appeal')}</a>`
}

/** Where a player chooses how to sign in. */
export function chooser(frame: Frame, props: ChooserProps): Page {
  const say = voice(frame.language)
  const lead =
    props.reason === 'confirm' ? say.say('sign-in.confirm-lead') : say.say('sign-in.lead', { brand: frame.brand.name })
  return layOut(frame, {
    name: 'chooser',
    status: 200,
    tone: 'calm',
    icon: props.reason === 'confirm' ? 'shield' : 'door',
    heading: props.reason === 'confirm' ? 'sign-in.confirm' : 'sign-in.heading',
    body: markup`<p class="soft">${lead}</p>${notices(props, frame, say)}${choices(props, say)}${guestForm(props, say)}`,
    viewer: props.reason === 'confirm' ? 'told' : 'hidden',
    focus: 'none',
    formTargets: originOf(props.guest?.fields['return_to'] ?? ''),
  })
}

/** After signing out; it starts nothing by itself. */
export function signedOut(frame: Frame, props: SignedOutProps): Page {
  const say = voice(frame.language)
  const lead = props.scope === 'here' ? 'signed-out.here' : 'signed-out.everywhere'
  return layOut(frame, {
    name: 'signed-out',
    status: 200,
    tone: 'calm',
    icon: 'tick',
    heading: 'signed-out.heading',
    body: markup`<p>${say.say(lead, { brand: frame.brand.name })}</p>${stillOpen(props, say)}`,
    actions: [goTo(say.say('frame.sign-in'), props.signInUrl), homeward(frame, say)],
    viewer: 'hidden',
    focus: 'heading',
  })
}

function stillOpen({ provider, endUrl }: SignedOutProps, say: Voice): Markup {
  if (provider === null) return NOTHING
  const action = safeLink(endUrl ?? '')
  const button =
    action === null
      ? NOTHING
      : markup`<form method="post" action="${action}"><button class="button"><span>${say.say('signed-out.end-there', { provider })}</span></button></form>`
  return markup`<p class="soft">${say.say('signed-out.provider', { provider })}</p>${button}`
}

function chooseOther(say: Voice, url: string): Action | null {
  return goTo(say.say('frame.choose'), url)
}

/** The provider answered `access_denied` or another refusal. */
export function providerRefused(frame: Frame, props: RefusedProps): Page {
  const say = voice(frame.language)
  return layOut(frame, {
    name: 'provider-refused',
    status: 403,
    tone: 'care',
    icon: 'key',
    heading: 'refused.heading',
    body: markup`<p>${say.say('refused.lead', { provider: props.provider })}</p>`,
    actions: [goTo(say.say('frame.again'), props.retryUrl), chooseOther(say, props.chooseUrl)],
    viewer: 'told',
    focus: 'heading',
  })
}

/** Props of the page about a step that needs a proof of presence and got none. */
export interface UnprovenProps {
  /** The provider that gave none; null: none of the ways to sign in can. */
  readonly provider: string | null
  readonly chooseUrl: string
  readonly accountUrl: string
}

/** The sign-in was finished, but the provider did not make the person prove anything (RFC 9470). */
export function unproven(frame: Frame, { provider, chooseUrl, accountUrl }: UnprovenProps): Page {
  const say = voice(frame.language)
  const told =
    provider === null
      ? markup`<p>${say.say('unproven.none')}</p>`
      : markup`<p>${say.say('unproven.lead', { provider })}</p><p class="soft">${say.say('unproven.how', { provider })}</p>`
  return layOut(frame, {
    name: 'unproven',
    status: 403,
    tone: 'care',
    icon: 'shield',
    heading: 'sign-in.confirm',
    body: told,
    actions: [
      provider === null ? goTo(say.say('frame.account'), accountUrl) : chooseOther(say, chooseUrl),
      homeward(frame, say),
    ],
    viewer: 'told',
    focus: 'heading',
  })
}

/** The provider does not answer, or not as the protocol asks. */
export function providerDown(frame: Frame, props: RefusedProps): Page {
  const say = voice(frame.language)
  return layOut(frame, {
    name: 'provider-down',
    status: 502,
    tone: 'care',
    icon: 'cloud',
    heading: 'provider-down.heading',
    values: { provider: props.provider },
    body: markup`<p>${say.say('provider-down.lead', { provider: props.provider })}</p>`,
    actions: [chooseOther(say, props.chooseUrl), goTo(say.say('frame.again'), props.retryUrl)],
    viewer: 'told',
    focus: 'heading',
  })
}

/** The transaction of a sign-in is gone, and nobody is signed in: one button starts again. */
export function interrupted(frame: Frame, props: InterruptedProps): Page {
  const say = voice(frame.language)
  return layOut(frame, {
    name: 'interrupted',
    status: 400,
    tone: 'care',
    icon: 'clock',
    heading: 'interrupted.heading',
    body: markup`<p>${say.say('interrupted.lead')}</p>`,
    actions: [goTo(say.say('interrupted.action'), props.restartUrl)],
    viewer: 'told',
    focus: 'heading',
  })
}
