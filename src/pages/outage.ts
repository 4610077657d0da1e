import { type Frame, goTo, homeward, layOut, type Page } from './layout.ts'
import { type Markup, markup, NOTHING } from './markup.ts'
import { type Voice, voice } from './voice.ts'

/** Props of pages that suggest to try again. */
export interface RetryProps {
  /** The same page once more; null when repeating is not safe. */
  readonly retryUrl: string | null
  /** As in Retry-After; null when nobody knows. */
  readonly retrySeconds: number | null
}

/** Props of the page about an upstream that does not answer. */
export interface UpstreamDownProps extends RetryProps {
  /** `down` is 502, `slow` is 504; `resting` is 503: it was down a moment ago, and nobody asked again. */
  readonly problem: 'down' | 'slow' | 'resting'
}

const STATUS = { down: 502, slow: 504, resting: 503 } as const

function waitLine(say: Voice, seconds: number | null): Markup {
  return seconds === null ? NOTHING : markup`<p class="soft">${say.say('wait.when', { when: say.wait(seconds) })}</p>`
}

/** The service behind the gateway does not answer; its address is never told. */
export function upstreamDown(frame: Frame, props: UpstreamDownProps): Page {
  const say = voice(frame.language)
  return layOut(frame, {
    name: 'upstream-down',
    status: STATUS[props.problem],
    tone: 'care',
    icon: 'cloud',
    heading: 'upstream.heading',
    body: markup`<p>${say.say(props.problem === 'slow' ? 'upstream.slow' : 'upstream.down')}</p>${waitLine(say, props.retrySeconds)}`,
    actions: [goTo(say.say('frame.again'), props.retryUrl), homeward(frame, say)],
    viewer: 'told',
    focus: 'heading',
  })
}

/** The session store is out of reach; the cookie is kept. */
export function storeDown(frame: Frame, props: RetryProps): Page {
  const say = voice(frame.language)
  return layOut(frame, {
    name: 'store-down',
    status: 503,
    tone: 'care',
    icon: 'cloud',
    heading: 'store.heading',
    body: markup`<p>${say.say('store.lead')}</p>${waitLine(say, props.retrySeconds)}`,
    actions: [goTo(say.say('frame.again'), props.retryUrl), homeward(frame, say)],
    viewer: 'told',
    focus: 'heading',
  })
}

/** Above the set load: newcomers wait, running sessions go on. */
export function full(frame: Frame, props: RetryProps): Page {
  const say = voice(frame.language)
  return layOut(frame, {
    name: 'full',
    status: 503,
    tone: 'care',
    icon: 'clock',
    heading: 'busy.heading',
    values: { brand: frame.brand.name },
    body: markup`<p>${say.say('busy.lead')}</p>${waitLine(say, props.retrySeconds)}`,
    actions: [goTo(say.say('frame.again'), props.retryUrl), homeward(frame, say)],
    viewer: 'told',
    focus: 'heading',
  })
}

/** Too many attempts from one place. */
export function tooManyTries(frame: Frame, props: RetryProps): Page {
  const say = voice(frame.language)
  return layOut(frame, {
    name: 'too-many-tries',
    status: 429,
    tone: 'care',
    icon: 'clock',
    heading: 'tries.heading',
    body: markup`<p>${say.say('tries.lead')}</p>${waitLine(say, props.retrySeconds)}`,
    actions: [homeward(frame, say), goTo(say.say('frame.again'), props.retryUrl)],
    viewer: 'told',
    focus: 'heading',
  })
}

/** A bug of ours. */
export function internalError(frame: Frame, props: RetryProps): Page {
  const say = voice(frame.language)
  return layOut(frame, {
    name: 'internal-error',
    status: 500,
    tone: 'stop',
    icon: 'shield',
    heading: 'error.heading',
    body: markup`<p>${say.say('error.lead', { brand: frame.brand.name })}</p>${waitLine(say, props.retrySeconds)}`,
    actions: [goTo(say.say('frame.again'), props.retryUrl), homeward(frame, say)],
    viewer: 'told',
    focus: 'heading',
  })
}
