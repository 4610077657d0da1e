const CONTROLS = /[\u0000-\u001f\u007f-\u009f]+/g
const PLAIN = /^[\x21-\x24\x26-\x7e]([\x20-\x24\x26-\x7e]*[\x21-\x24\x26-\x7e])?$/
const TO_ENCODE = /^ +| +$|[^\x20-\x7e]+|%/gu
const encoder = new TextEncoder()

/**
 * Text that a provider or a game sent, without control characters (each run becomes one space), trimmed and well-formed.
 *
 * @see security.md rows 113 and 117 (claims copied into headers and logs without cleaning)
 */
export function tidy(text: string): string {
  return text.toWellFormed().replace(CONTROLS, ' ').trim()
}

/** The first `max` code points of a text; never half a surrogate pair. */
export function clip(text: string, max: number): string {
  return text.length <= max ? text : [...text].slice(0, max).join('').trimEnd()
}

/** Length in UTF-8 bytes. */
export function byteLength(text: string): number {
  return encoder.encode(text).length
}

/**
 * A text as the value of a header: printable ASCII stays, `%`, everything else and outer spaces become percent-encoded
 * UTF-8, so that one percent-decoding gives the text back.
 *
 * @returns bytes 0x20-0x7e only, no outer space; empty for a text without visible characters
 */
export function headerText(text: string): string {
  if (PLAIN.test(text)) return text
  return tidy(text).replace(TO_ENCODE, (run) =>
    run.startsWith(' ') ? '%20'.repeat(run.length) : encodeURIComponent(run),
  )
}

/** A list as the value of a header: members as `headerText`, with their own commas encoded, joined by a comma. */
export function headerList(members: readonly string[]): string {
  return members.map((member) => headerText(member).replaceAll(',', '%2C')).join(',')
}
