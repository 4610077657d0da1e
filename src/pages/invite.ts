import { type Action, type Frame, goTo, homeward, layOut, type Page } from './layout.ts'
import { markup } from './markup.ts'
import { voice } from './voice.ts'

/** Props of the page that offers an invitation to become an administrator. */
export interface InvitationProps {
  /** A POST that accepts it. */
  readonly acceptUrl: string
  /** Signs in with an account first, or with another one. */
  readonly signInUrl: string
}

/** Props of the page after an invitation was accepted. */
export interface InvitedProps {
  readonly accountUrl: string
}

/** An invitation to become an administrator: who is signed in says yes; a guest, or nobody, signs in first. */
export function invitation(frame: Frame, props: InvitationProps): Page {
  const say = voice(frame.language)
  const { viewer, brand } = frame
  const isAccount = viewer.kind === 'signed-in'
  const makes =
    isAccount && viewer.name !== null
      ? say.say('invite.makes', { name: viewer.name })
      : say.say(isAccount ? 'invite.makes-unnamed' : 'invite.sign-in')
  const accept: Action = { label: say.say('invite.accept'), url: props.acceptUrl, how: 'post' }
  const signIn = goTo(say.say(isAccount ? 'frame.other' : 'frame.sign-in'), props.signInUrl)
  return layOut(frame, {
    name: 'invitation',
    status: 200,
    tone: 'calm',
    icon: 'shield',
    heading: 'invite.heading',
    body: markup`<p>${say.say('invite.lead', { brand: brand.name })}</p><p>${makes}</p>`,
    actions: isAccount ? [accept, signIn] : [signIn],
    viewer: 'told',
    focus: 'none',
  })
}

/** The invitation was accepted. */
export function invited(frame: Frame, props: InvitedProps): Page {
  const say = voice(frame.language)
  return layOut(frame, {
    name: 'invited',
    status: 200,
    tone: 'calm',
    icon: 'tick',
    heading: 'invite.done',
    body: markup`<p>${say.say('invite.done-lead')}</p>`,
    actions: [goTo(say.say('frame.account'), props.accountUrl), homeward(frame, say)],
    viewer: 'hidden',
    focus: 'heading',
  })
}

/** An invitation that is unknown, used or over. */
export function brokenInvitation(frame: Frame): Page {
  const say = voice(frame.language)
  return layOut(frame, {
    name: 'broken-invitation',
    status: 400,
    tone: 'care',
    icon: 'link',
    heading: 'invite.bad',
    body: markup`<p>${say.say('invite.bad-lead')}</p>`,
    actions: [homeward(frame, say)],
    viewer: 'told',
    focus: 'heading',
  })
}
