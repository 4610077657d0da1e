import { type Frame, goTo, homeward, layOut, type Page } from './layout.ts'
import { markup, shown } from './markup.ts'
import { voice } from './voice.ts'

/** What may keep a session cookie from coming back. */
export type CookieCause = 'blocked' | 'private' | 'framed' | 'insecure' | 'address' | 'clock'

/** Props of the page after the loop breaker stopped. */
export interface CookiesBlockedProps {
  /** Likeliest first; at least one. */
  readonly causes: readonly [CookieCause, ...CookieCause[]]
  readonly retryUrl: string
}

/** Props of the page inside another app's browser. */
export interface OpenInBrowserProps {
  /** The absolute address to open elsewhere; shown in full, so that it can be copied. */
  readonly address: string
  /** Signing in by code on another device; null when not offered. */
  readonly deviceUrl: string | null
  /** Goes on here all the same; null when no provider works here. */
  readonly anywayUrl: string | null
}

/** Props of the page about an account that is not let in. */
export interface NotAdmittedProps {
  /** `list`: not on the operator's list; `sign-up`: no new players. */
  readonly reason: 'list' | 'sign-up'
  readonly otherAccountUrl: string
}

/** Props of the page that leads out to a provider. */
export interface HandOverProps {
  readonly provider: string
  readonly url: string
}

/** The sign-in worked and the next request had no cookie: what is wrong, instead of another round. */
export function cookiesBlocked(frame: Frame, props: CookiesBlockedProps): Page {
  const say = voice(frame.language)
  const causes = props.causes.map((cause) => markup`<li>${say.say(`cookies.${cause}`)}</li>`)
  return layOut(frame, {
    name: 'cookies-blocked',
    status: 400,
    tone: 'care',
    icon: 'key',
    heading: 'cookies.heading',
    body: markup`<p>${say.say('cookies.lead')}</p><ul class="dots">${causes}</ul>`,
    actions: [goTo(say.say('frame.again'), props.retryUrl), homeward(frame, say)],
    viewer: 'told',
    focus: 'heading',
  })
}

/** Inside another app, where providers refuse to sign anybody in. */
export function openInBrowser(frame: Frame, props: OpenInBrowserProps): Page {
  const say = voice(frame.language)
  const address = markup`<code class="secret" dir="ltr">${shown(props.address, 2048)}</code>`
  return layOut(frame, {
    name: 'open-in-browser',
    status: 200,
    tone: 'care',
    icon: 'compass',
    heading: 'browser.heading',
    body: markup`<p>${say.say('browser.lead')}</p><p>${say.say('browser.how')}</p>${address}`,
    actions: [goTo(say.say('browser.code'), props.deviceUrl), goTo(say.say('browser.anyway'), props.anywayUrl)],
    viewer: 'told',
    focus: 'heading',
  })
}

/** Proven, but not let in here. */
export function notAdmitted(frame: Frame, props: NotAdmittedProps): Page {
  const say = voice(frame.language)
  const lead = props.reason === 'list' ? 'closed.list' : 'closed.sign-up'
  return layOut(frame, {
    name: 'not-admitted',
    status: 403,
    tone: 'stop',
    icon: 'door',
    heading: 'closed.heading',
    body: markup`<p>${say.say(lead, { brand: frame.brand.name })}</p>`,
    actions: [goTo(say.say('frame.other'), props.otherAccountUrl), homeward(frame, say)],
    viewer: 'told',
    focus: 'heading',
  })
}

/**
 * The answer to a form that ends at a provider (linking, signing out there): moves on by itself, with a button besides.
 * A redirect would be stopped, because browsers hold `form-action` against it.
 */
export function handOver(frame: Frame, props: HandOverProps): Page {
  const say = voice(frame.language)
  const provider = props.provider
  return layOut(frame, {
    name: 'hand-over',
    status: 200,
    tone: 'calm',
    icon: 'link',
    heading: 'hand-over.heading',
    values: { provider },
    body: markup`<p>${say.say('hand-over.lead', { provider })}</p>`,
    actions: [goTo(say.say('hand-over.action', { provider }), props.url)],
    viewer: 'hidden',
    focus: 'heading',
    onward: props.url,
  })
}
