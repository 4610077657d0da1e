import { html } from 'hono/html'

/** HTML whose values have been escaped. Only `markup` makes it. */
export type Markup = Awaited<ReturnType<typeof html>>

/** What may stand inside `markup`: plain text is escaped, finished markup is kept, null is nothing. */
export type Piece = string | number | null | Markup | readonly Piece[]

/** HTML from a template: every plain string in it is escaped. */
export function markup(strings: TemplateStringsArray, ...values: readonly Piece[]): Markup {
  const made = html(strings, ...values)
  // INVARIANT: pages are synchronous; only a promise among the values could make hono answer with one.
  if (made instanceof Promise) throw new TypeError('a page was given a promise to render')
  return made
}

/** Nothing, as markup. */
export const NOTHING: Markup = markup``

// ATTACK: direction overrides in a name can reorder the sentence around it; <bdi> contains them, and nobody needs them in a name.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g

/**
 * Somebody else's text, fit to be shown: no control and no direction-changing characters, well-formed, of bounded length.
 *
 * @param limit - in code points; longer text ends in an ellipsis
 */
export function tidy(value: string, limit: number = 80): string {
  const clean = value.toWellFormed().replace(UNSEEN, ' ').replace(/\s+/g, ' ').trim()
  const points = [...clean]
  return points.length <= limit ? clean : `${points.slice(0, limit - 1).join('')}…`
}

/** Somebody else's text as markup: tidied, escaped, and isolated so that its direction cannot leak. */
export function shown(value: string, limit?: number): Markup {
  return markup`<bdi>${tidy(value, limit)}</bdi>`
}

const LINK = /^(?:https?:\/\/|mailto:|\/(?![/\\]))[^\u0000-\u0020\u007f\\"<>]*$/i

/**
 * The URL if a page may link to it; null for anything that is not a path here, http(s) or mailto.
 *
 * @param url - absolute, or a path with exactly one leading `/`
 */
export function safeLink(url: string): string | null {
  return LINK.test(url) ? url : null
}
