import { foldedName } from '../core/folded-name.ts'

/**
 * What a segment says to a service that decodes it, as nearly all do: equal for `players:export` and `players%3Aexport`.
 *
 * ATTACK: a sign such as `:` or `@` may stand as it is or escaped (RFC 3986 section 2.2), and a rule spells it in one way
 * only: in the other one a request would fall to a wider rule, and reach the same place.
 *
 * @param segment - of a canonical path, or of a rule: its escapes are well-formed UTF-8
 */
export function wordOf(segment: string): string {
  return segment.includes('%') ? decodeURIComponent(segment) : segment
}

const ASCII = /^[\x20-\x7e]*$/

/** A word without its letter case, for services that do not mind it; see `foldedName` for what they take for equal. */
export function foldedWord(word: string): string {
  return ASCII.test(word) ? word.toLowerCase() : foldedName(word)
}
