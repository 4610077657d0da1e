import { type Frame, homeward, layOut, type Page } from './layout.ts'
import { type Markup, markup, NOTHING, safeLink, tidy } from './markup.ts'
import { type Voice, voice } from './voice.ts'

/** Props of the page where a player types the code of a device (RFC 8628 section 3.3). */
export interface DeviceCodeProps {
  /** Receives the field `user_code` by POST. */
  readonly action: string
  /** The code that came in the link, or was typed wrongly; null: empty. */
  readonly code: string | null
  readonly problem: 'none' | 'unknown'
}

/** Props of the page where a player lets a device in. */
export interface DeviceConfirmProps {
  /** Receives `user_code` and `decision` (`allow` or `refuse`) by POST. */
  readonly action: string
  /** As the device shows it, such as `WDJB-MJHT`. */
  readonly code: string
  /** What the device calls itself. */
  readonly client: string
  /** Roughly where the device is; null: not known. */
  readonly place: string | null
}

/** Props of the page where a player lets a program in that runs beside the browser (RFC 8252 section 8.6). */
export interface ConsentProps {
  /** Receives `request` and `decision` (`allow` or `refuse`) by POST. */
  readonly action: string
  /** Names what is decided about. */
  readonly request: string
  /** What the program is called. */
  readonly client: string
}

/** Props of the page after the decision. */
export interface DeviceDoneProps {
  readonly decision: 'allowed' | 'refused'
}

/** Where the code is typed; capitals and dashes do not matter to the receiver. */
export function deviceCode(frame: Frame, props: DeviceCodeProps): Page {
  const say = voice(frame.language)
  const wrong = props.problem === 'unknown'
  const problem = wrong
    ? markup`<p class="note stop" id="problem" role="alert">${say.say('device.unknown')}</p>`
    : NOTHING
  const invalid = wrong
    ? markup` aria-invalid="true" aria-describedby="hint problem"`
    : markup` aria-describedby="hint"`
  const label = markup`<label for="user_code">${say.say('device.label')}</label>`
  const input = markup`<input class="text code" id="user_code" name="user_code" dir="ltr" value="${tidy(props.code ?? '', 16)}" maxlength="16" autocomplete="off" autocapitalize="characters" spellcheck="false" required${invalid}>`
  const hint = markup`<small id="hint">${say.say('device.hint')}</small>`
  const button = markup`<button class="button go">${say.say('frame.continue')}</button>`
  const form = markup`<form class="list" method="post" action="${safeLink(props.action) ?? ''}"><div class="field">${label}${input}${hint}</div>${button}</form>`
  return layOut(frame, {
    name: 'device-code',
    status: wrong ? 400 : 200,
    tone: 'calm',
    icon: 'device',
    heading: 'device.heading',
    body: markup`<p>${say.say('device.lead')}</p>${problem}${form}`,
    viewer: 'told',
    focus: 'none',
  })
}

// WHY: read out as one word, a code is useless; the spelled copy is for ears, the grouped one for eyes.
function spelled(code: string): Markup {
  const clean = tidy(code, 16)
  const letters = [...clean].map((letter) => (letter === '-' ? ',' : letter)).join(' ')
  return markup`<p class="secret code" dir="ltr"><code aria-hidden="true">${clean}</code><span class="hush">${letters}</span></p>`
}

function decisionForm(action: string, name: 'user_code' | 'request', value: string, say: Voice): Markup {
  const field = markup`<input type="hidden" name="${name}" value="${tidy(value)}">`
  const allow = markup`<button class="button go" name="decision" value="allow">${say.say('device.allow')}</button>`
  const refuse = markup`<button class="button" name="decision" value="refuse">${say.say('device.refuse')}</button>`
  return markup`<form class="do" method="post" action="${safeLink(action) ?? ''}">${field}${allow}${refuse}</form>`
}

/** Where a player compares the code and decides. */
export function deviceConfirm(frame: Frame, props: DeviceConfirmProps): Page {
  const say = voice(frame.language)
  const wants = markup`<p>${say.say('device.wants', { client: props.client })} ${say.say('device.code')}</p>`
  const from = props.place === null ? NOTHING : markup`<p>${say.say('device.from', { place: props.place })}</p>`
  return layOut(frame, {
    name: 'device-confirm',
    status: 200,
    tone: 'care',
    icon: 'device',
    heading: 'device.confirm',
    body: markup`${wants}${spelled(props.code)}${from}${warning(say)}${decisionForm(props.action, 'user_code', props.code, say)}`,
    viewer: 'told',
    focus: 'none',
  })
}

/** Where a player lets a program in, or not: nothing is handed out without this page. */
export function consent(frame: Frame, props: ConsentProps): Page {
  const say = voice(frame.language)
  const wants = markup`<p>${say.say('device.wants', { client: props.client })}</p>`
  return layOut(frame, {
    name: 'consent',
    status: 200,
    tone: 'care',
    icon: 'device',
    heading: 'consent.heading',
    body: markup`${wants}${warning(say)}${decisionForm(props.action, 'request', props.request, say)}`,
    viewer: 'told',
    focus: 'none',
  })
}

// ATTACK: somebody may send a player a link with a code of their own device (RFC 8628 section 5.4).
function warning(say: Voice): Markup {
  return markup`<p class="note care">${say.say('device.warning')}</p>`
}

/** After the decision; the rest happens on the device. */
export function deviceDone(frame: Frame, props: DeviceDoneProps): Page {
  const say = voice(frame.language)
  const key = props.decision === 'allowed' ? 'device.done' : 'device.refused'
  return layOut(frame, {
    name: 'device-done',
    status: 200,
    tone: props.decision === 'allowed' ? 'calm' : 'care',
    icon: props.decision === 'allowed' ? 'tick' : 'device',
    heading: key,
    body: markup`<p>${say.say(`${key}-lead`)}</p>`,
    actions: [homeward(frame, say)],
    viewer: 'told',
    focus: 'heading',
  })
}
