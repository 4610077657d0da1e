import { type Frame, goTo, layOut, type Page } from './layout.ts'
import { type Markup, markup, NOTHING, safeLink } from './markup.ts'
import { voice } from './voice.ts'

/** Props of the choice a guest makes whose provider account already belongs to a player. */
export interface ChooseAccountProps {
  readonly provider: string
  readonly existing: {
    readonly name: string
    /** A POST that signs in as the existing player. */
    readonly action: string
  }
  /** How long the guest account is kept, ISO 8601; null when not known. */
  readonly guestKeptUntil: string | null
  /** A POST that gives up the sign-in and stays a guest. */
  readonly stayAction: string
}

/** Props of the page about an identity of somebody else. */
export interface IdentityInUseProps {
  readonly provider: string
  readonly accountUrl: string
  /** Signs in with that identity instead. */
  readonly otherAccountUrl: string
}

/** Props of the page that guards the last way to sign in. */
export interface LastMethodProps {
  readonly provider: string
  readonly accountUrl: string
}

function choice(action: string, label: Markup, note: Markup, look: 'go' | 'other'): Markup {
  const url = safeLink(action)
  if (url === null) return NOTHING
  const style = look === 'go' ? 'button go' : 'button'
  return markup`<li><form class="list" method="post" action="${url}"><button class="${style}"><span>${label}</span></button><small>${note}</small></form></li>`
}

/** A guest signed in with an account that already has a player: which one shall it be? */
export function chooseAccount(frame: Frame, props: ChooseAccountProps): Page {
  const say = voice(frame.language)
  const kept =
    props.guestKeptUntil === null
      ? NOTHING
      : markup` ${say.say('choose.kept', { when: say.moment(props.guestKeptUntil) })}`
  const existing = choice(
    props.existing.action,
    say.say('choose.existing', { name: props.existing.name }),
    markup`${say.say('choose.existing-note')}${kept}`,
    'go',
  )
  const stay = choice(props.stayAction, say.say('choose.guest'), say.say('choose.guest-note'), 'other')
  const lead = say.say('choose.lead', { provider: props.provider })
  return layOut(frame, {
    name: 'choose-account',
    status: 409,
    tone: 'care',
    icon: 'person',
    heading: 'choose.heading',
    body: markup`<p>${lead}</p><ul class="list apart">${existing}${stay}</ul>`,
    viewer: 'told',
    focus: 'heading',
  })
}

/** The identity to be added belongs to another player. */
export function identityInUse(frame: Frame, props: IdentityInUseProps): Page {
  const say = voice(frame.language)
  const lead = say.say('used.lead', { provider: props.provider })
  return layOut(frame, {
    name: 'identity-in-use',
    status: 409,
    tone: 'care',
    icon: 'link',
    heading: 'used.heading',
    body: markup`<p>${lead}</p><p class="soft">${say.say('used.how')}</p>`,
    actions: [goTo(say.say('frame.account'), props.accountUrl), goTo(say.say('frame.other'), props.otherAccountUrl)],
    viewer: 'told',
    focus: 'heading',
  })
}

/** The last way to sign in is not removed. */
export function lastMethod(frame: Frame, props: LastMethodProps): Page {
  const say = voice(frame.language)
  return layOut(frame, {
    name: 'last-method',
    status: 409,
    tone: 'care',
    icon: 'key',
    heading: 'last.heading',
    body: markup`<p>${say.say('last.lead', { provider: props.provider })}</p>`,
    actions: [goTo(say.say('frame.account'), props.accountUrl)],
    viewer: 'told',
    focus: 'heading',
  })
}
