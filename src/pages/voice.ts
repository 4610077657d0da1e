import type { Language } from './language.ts'
import { type Markup, markup, type Piece, shown, tidy } from './markup.ts'
import { messagesFor } from './messages/catalogue.ts'
import type { MessageKey } from './messages/keys.ts'

/** Values for the `{placeholders}` of a message: plain strings are shown isolated, markup is kept. */
export type Values = Readonly<Record<string, Piece>>

/** One language, speaking. */
export interface Voice {
  readonly language: Language
  /** A message as markup. */
  say(key: MessageKey, values?: Values): Markup
  /** A message as plain text, for the title and for attributes. */
  text(key: MessageKey, values?: Readonly<Record<string, string>>): string
  /** A moment in the reader's notation, in UTC and saying so. */
  moment(iso: string): Markup
  /** The day alone, where the hour does not matter. */
  day(iso: string): Markup
  /** "in 5 minutes": a wait in the largest fitting unit, rounded up. */
  wait(seconds: number): string
}

const PLACEHOLDER = /\{([a-z]+)\}/g

function fill(text: string, values: Values): Markup {
  const pieces: Piece[] = []
  let from = 0
  for (const match of text.matchAll(PLACEHOLDER)) {
    pieces.push(text.slice(from, match.index))
    const value = values[match[1] ?? ''] ?? null
    pieces.push(typeof value === 'string' ? shown(value) : value)
    from = match.index + match[0].length
  }
  pieces.push(text.slice(from))
  return markup`${pieces}`
}

function fillText(text: string, values: Readonly<Record<string, string>>): string {
  // WHY: <bdi> has no meaning in a title or an attribute; first-strong isolate and its end do the same there.
  return text.replace(PLACEHOLDER, (_, name: string) => `\u2068${tidy(values[name] ?? '')}\u2069`)
}

const DAY = { year: 'numeric', month: 'short', day: 'numeric', timeZone: 'UTC' } as const
const MINUTE = { ...DAY, hour: '2-digit', minute: '2-digit', timeZoneName: 'short' } as const

function timeElement(language: Language, iso: string, notation: typeof DAY | typeof MINUTE): Markup {
  const at = Date.parse(iso)
  if (Number.isNaN(at)) return shown(iso)
  const text = new Intl.DateTimeFormat(language, notation).format(at)
  return markup`<time datetime="${new Date(at).toISOString()}">${shown(text)}</time>`
}

function wait(language: Language, seconds: number): string {
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'always' })
  const whole = Math.max(1, Math.ceil(seconds))
  if (whole < 120) return format.format(whole, 'second')
  if (whole < 7200) return format.format(Math.ceil(whole / 60), 'minute')
  if (whole < 172_800) return format.format(Math.ceil(whole / 3600), 'hour')
  return format.format(Math.ceil(whole / 86_400), 'day')
}

/** The voice of a language. */
export function voice(language: Language): Voice {
  const messages = messagesFor(language)
  return {
    language,
    say: (key, values = {}) => fill(messages[key], values),
    text: (key, values = {}) => fillText(messages[key], values),
    moment: (iso) => timeElement(language, iso, MINUTE),
    day: (iso) => timeElement(language, iso, DAY),
    wait: (seconds) => wait(language, seconds),
  }
}
