import type { EndReason } from '../core/person.ts'
import { appeal, type Frame, goTo, homeward, layOut, type Page } from './layout.ts'
import { markup, NOTHING, shown } from './markup.ts'
import { voice } from './voice.ts'

/** Props of the page about an ended session. */
export interface SessionEndedProps {
  /** `evicted` gives the page of `signedInElsewhere`. */
  readonly reason: EndReason
  /** Signs in again and comes back to the same page. */
  readonly signInUrl: string
}

/** Props of the page after a newer sign-in took this one's place. */
export interface SignedInElsewhereProps {
  readonly signInUrl: string
}

/** Props of the page about a sign-in that would be one too many. */
export interface DevicesFullProps {
  /** Begins the sign-in again. */
  readonly retryUrl: string
  /** Whoever is signed in signs another device out there, and does not sign in again. */
  readonly accountUrl?: string
}

/** Props of the 403 page. */
export interface NoPermissionProps {
  /** Named only where the operator allows it (seeds S30); null otherwise. */
  readonly missing: string | null
  /** Signs in as somebody else and comes back. */
  readonly otherAccountUrl: string
}

/** Props of pages that ask a guest to sign in. */
export interface GuestNeedsAccountProps {
  readonly signInUrl: string
}

/** Props of the page about a suspended or banned account. */
export interface SuspendedProps {
  /** ISO 8601; null: for good. */
  readonly until: string | null
  readonly reason: string | null
  readonly otherAccountUrl: string
}

/** Props of pages that lead to one more step before the wanted page. */
export interface NextStepProps {
  readonly url: string
}

/** The session is over, and why. */
export function sessionEnded(frame: Frame, props: SessionEndedProps): Page {
  if (props.reason === 'evicted') return signedInElsewhere(frame, { signInUrl: props.signInUrl })
  const say = voice(frame.language)
  const lead = say.say(`ended.${props.reason}.lead`, { brand: frame.brand.name })
  return layOut(frame, {
    name: 'session-ended',
    status: 401,
    tone: props.reason === 'banned' ? 'stop' : 'care',
    icon: props.reason === 'expired' ? 'clock' : 'lock',
    heading: `ended.${props.reason}.heading`,
    body: markup`<p>${lead}</p>`,
    actions:
      props.reason === 'banned'
        ? [appeal(frame, say), homeward(frame, say)]
        : [goTo(say.say('frame.sign-in'), props.signInUrl), homeward(frame, say)],
    viewer: 'told',
    focus: 'heading',
  })
}

/** A newer sign-in evicted this one. */
export function signedInElsewhere(frame: Frame, props: SignedInElsewhereProps): Page {
  const say = voice(frame.language)
  return layOut(frame, {
    name: 'signed-in-elsewhere',
    status: 401,
    tone: 'care',
    icon: 'device',
    heading: 'elsewhere.heading',
    body: markup`<p>${say.say('elsewhere.lead')}</p>`,
    actions: [goTo(say.say('frame.sign-in'), props.signInUrl), homeward(frame, say)],
    viewer: 'told',
    focus: 'heading',
  })
}

/** Every place of this account is taken, and this deployment ends no other session to make room. */
export function devicesFull(frame: Frame, { retryUrl, accountUrl }: DevicesFullProps): Page {
  const say = voice(frame.language)
  const onward =
    accountUrl === undefined ? goTo(say.say('frame.again'), retryUrl) : goTo(say.say('frame.account'), accountUrl)
  return layOut(frame, {
    name: 'devices-full',
    status: 409,
    tone: 'care',
    icon: 'device',
    heading: 'devices.full-heading',
    body: markup`<p>${say.say('devices.full-lead')}</p>`,
    actions: [onward, homeward(frame, say)],
    viewer: 'told',
    focus: 'heading',
  })
}

/** Signed in, but not allowed. */
export function noPermission(frame: Frame, props: NoPermissionProps): Page {
  const say = voice(frame.language)
  const missing =
    props.missing === null
      ? NOTHING
      : markup`<p class="soft">${say.say('denied.missing', { permission: markup`<code>${shown(props.missing)}</code>` })}</p>`
  const ask = say.say('denied.ask', { brand: frame.brand.name })
  return layOut(frame, {
    name: 'no-permission',
    status: 403,
    tone: 'stop',
    icon: 'lock',
    heading: 'denied.heading',
    body: markup`<p>${say.say('denied.lead')}</p><p class="soft">${ask}</p>${missing}`,
    actions: [homeward(frame, say), goTo(say.say('frame.other'), props.otherAccountUrl)],
    viewer: 'told',
    focus: 'heading',
  })
}

/** A guest where an account is needed. */
export function guestNeedsAccount(frame: Frame, props: GuestNeedsAccountProps): Page {
  const say = voice(frame.language)
  return layOut(frame, {
    name: 'guest-needs-account',
    status: 403,
    tone: 'care',
    icon: 'person',
    heading: 'guest.heading',
    body: markup`<p>${say.say('guest.lead')}</p>`,
    actions: [goTo(say.say('guest.action'), props.signInUrl), homeward(frame, say)],
    viewer: 'told',
    focus: 'heading',
  })
}

/** The account may not be used for a while, or at all. */
export function suspended(frame: Frame, props: SuspendedProps): Page {
  const say = voice(frame.language)
  const brand = frame.brand.name
  const lead =
    props.until === null
      ? markup`<p>${say.say('suspended.banned-lead', { brand })}</p>`
      : markup`<p>${say.say('suspended.lead', { brand })} ${say.say('suspended.until', { when: say.moment(props.until) })}</p>`
  const reason =
    props.reason === null
      ? NOTHING
      : markup`<p class="note stop">${say.say('suspended.reason', { reason: shown(props.reason, 300) })}</p>`
  const other = goTo(say.say('frame.other'), props.otherAccountUrl)
  return layOut(frame, {
    name: 'suspended',
    status: 403,
    tone: 'stop',
    icon: 'lock',
    heading: props.until === null ? 'suspended.banned' : 'suspended.heading',
    body: markup`${lead}${reason}`,
    actions: [appeal(frame, say), other],
    viewer: 'told',
    focus: 'heading',
  })
}

/** Where to select a character, and whether one was selected that is no more. */
export interface CharacterProps extends NextStepProps {
  readonly selection: 'none' | 'gone'
}

/** A page that is about a character, and none is selected. */
export function needsCharacter(frame: Frame, props: CharacterProps): Page {
  const say = voice(frame.language)
  return layOut(frame, {
    name: 'needs-character',
    status: 409,
    tone: 'care',
    icon: 'person',
    heading: 'character.heading',
    body: markup`<p>${say.say(props.selection === 'gone' ? 'character.gone' : 'character.lead')}</p>`,
    actions: [goTo(say.say('character.action'), props.url), homeward(frame, say)],
    viewer: 'told',
    focus: 'heading',
  })
}

/** The account may not have more of these. */
export function quotaReached(frame: Frame, props: NextStepProps): Page {
  const say = voice(frame.language)
  return layOut(frame, {
    name: 'quota-reached',
    status: 403,
    tone: 'care',
    icon: 'lock',
    heading: 'quota.heading',
    body: markup`<p>${say.say('quota.lead')}</p>`,
    actions: [goTo(say.say('frame.previous'), props.url), homeward(frame, say)],
    viewer: 'told',
    focus: 'heading',
  })
}

/** The account exists, but its registration is not finished. */
export function onboarding(frame: Frame, props: NextStepProps): Page {
  const say = voice(frame.language)
  return layOut(frame, {
    name: 'onboarding',
    status: 403,
    tone: 'calm',
    icon: 'compass',
    heading: 'onboarding.heading',
    body: markup`<p>${say.say('onboarding.lead')}</p>`,
    actions: [goTo(say.say('frame.continue'), props.url), homeward(frame, say)],
    viewer: 'told',
    focus: 'heading',
  })
}
