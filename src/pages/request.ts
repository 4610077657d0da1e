import { type Frame, goTo, homeward, layOut, type Page } from './layout.ts'
import { markup, shown } from './markup.ts'
import { voice } from './voice.ts'

/** Props of the page about a bad path or query parameter. */
export interface BadParameterProps {
  readonly parameter: string
  readonly problem: 'missing' | 'empty' | 'malformed'
  /** Where the link probably came from; null: only the way home is offered. */
  readonly backUrl: string | null
}

/** Props of the page about a request without an accepted form. */
export interface BadRequestProps {
  /** `return-to`: the sign-in was asked to end at a foreign or malformed address; `large`: the body is over its limit. */
  readonly problem: 'form' | 'return-to' | 'large'
}

/** Props of the 410 page. */
export interface GoneProps {
  /** In the words of whoever wrote the policy, in whichever language. */
  readonly directions: string
}

/** Props of the 405 page. */
export interface MethodNotAllowedProps {
  readonly method: string
}

/** Props of the page about a form that was sent after the session ended, or after somebody else had signed in (`why`). */
export interface NothingSubmittedProps {
  readonly signInUrl: string
  readonly why?: 'other-account'
}

/** Props of the 431 page. */
export interface HeadersTooLargeProps {
  /** A POST that deletes Postern's own cookies. */
  readonly clearUrl: string
}

/** A parameter is missing, empty or malformed; the way back is offered. */
export function badParameter(frame: Frame, props: BadParameterProps): Page {
  const say = voice(frame.language)
  const parameter = markup`<code>${shown(props.parameter)}</code>`
  return layOut(frame, {
    name: 'bad-parameter',
    status: 400,
    tone: 'care',
    icon: 'link',
    heading: props.problem === 'malformed' ? 'parameter.broken' : 'parameter.incomplete',
    body: markup`<p>${say.say(`parameter.${props.problem}`, { parameter })} ${say.say('parameter.hint')}</p>`,
    actions: [goTo(say.say('frame.previous'), props.backUrl), homeward(frame, say)],
    viewer: 'told',
    focus: 'heading',
  })
}

const BAD = { form: 'request.lead', 'return-to': 'request.return', large: 'request.large' } as const

/** The request has no accepted form. */
export function badRequest(frame: Frame, props: BadRequestProps): Page {
  const say = voice(frame.language)
  return layOut(frame, {
    name: 'bad-request',
    status: props.problem === 'large' ? 413 : 400,
    tone: 'care',
    icon: 'link',
    heading: props.problem === 'large' ? 'request.large-heading' : 'request.heading',
    body: markup`<p>${say.say(BAD[props.problem])}</p>`,
    actions: [homeward(frame, say)],
    viewer: 'told',
    focus: 'heading',
  })
}

/**
 * Nothing is served at this address, or the account has no such part any more.
 *
 * @param accountUrl - where a part of the account was looked for; null: it was a page
 */
export function notFound(frame: Frame, accountUrl: string | null): Page {
  const say = voice(frame.language)
  const onward = goTo(say.say('frame.account'), accountUrl)
  return layOut(frame, {
    name: 'not-found',
    status: 404,
    tone: 'calm',
    icon: 'compass',
    heading: onward === null ? 'not-found.heading' : 'account.heading',
    body: markup`<p>${say.say(onward === null ? 'not-found.lead' : 'not-found.account')}</p>`,
    actions: [onward, homeward(frame, say)],
    viewer: 'told',
    focus: 'heading',
  })
}

/** What was here is no more; the policy says what to do instead. */
export function gone(frame: Frame, props: GoneProps): Page {
  return layOut(frame, {
    name: 'gone',
    status: 410,
    tone: 'calm',
    icon: 'compass',
    heading: 'gone.heading',
    body: markup`<p>${shown(props.directions, 500)}</p>`,
    actions: [homeward(frame, voice(frame.language))],
    viewer: 'told',
    focus: 'heading',
  })
}

/** The address exists, but not for this method. */
export function methodNotAllowed(frame: Frame, props: MethodNotAllowedProps): Page {
  const say = voice(frame.language)
  const method = markup`<code>${shown(props.method, 20)}</code>`
  return layOut(frame, {
    name: 'method-not-allowed',
    status: 405,
    tone: 'care',
    icon: 'compass',
    heading: 'method.heading',
    body: markup`<p>${say.say('method.lead', { method })}</p>`,
    actions: [homeward(frame, say)],
    viewer: 'told',
    focus: 'heading',
  })
}

/** A state-changing request came from a foreign page and was not carried out. */
export function crossSiteRefused(frame: Frame): Page {
  const say = voice(frame.language)
  return layOut(frame, {
    name: 'cross-site-refused',
    status: 403,
    tone: 'stop',
    icon: 'shield',
    heading: 'cross.heading',
    body: markup`<p>${say.say('cross.lead', { brand: frame.brand.name })}</p>`,
    actions: [homeward(frame, say)],
    viewer: 'told',
    focus: 'heading',
  })
}

/** A form came after the session had ended, or from another account's page; the tab stays, so that going back finds it filled in. */
export function nothingSubmitted(frame: Frame, props: NothingSubmittedProps): Page {
  const say = voice(frame.language)
  return layOut(frame, {
    name: 'nothing-submitted',
    status: 401,
    tone: 'care',
    icon: 'clock',
    heading: 'unsent.heading',
    body: markup`<p>${say.say(props.why === undefined ? 'unsent.lead' : 'unsent.other')}</p><p>${say.say('unsent.how')}</p>`,
    actions: [{ label: say.say('unsent.action'), url: props.signInUrl, how: 'tab' }],
    viewer: 'told',
    focus: 'heading',
  })
}

/** Cookies over the limit: says why, and clears them. */
export function headersTooLarge(frame: Frame, props: HeadersTooLargeProps): Page {
  const say = voice(frame.language)
  return layOut(frame, {
    name: 'headers-too-large',
    status: 431,
    tone: 'care',
    icon: 'cloud',
    heading: 'headers.heading',
    body: markup`<p>${say.say('headers.lead')}</p><p class="soft">${say.say('headers.manual')}</p>`,
    actions: [{ label: say.say('headers.clear'), url: props.clearUrl, how: 'post' }, homeward(frame, say)],
    viewer: 'told',
    focus: 'heading',
  })
}
