/** Shorter words are not looked for: a weak one could be part of an address by chance. */
const LEAST_LENGTH = 16

const NONE: readonly string[] = []
const PERCENT = 0x25

/** Pieces of an address that may be one value: a segment, a parameter's value. */
const VALUES = /[^/?&]*/g

/**
 * Looks in paths and queries for secrets that have no form of their own, such as static tokens; answers what of the text
 * they stand as. A text shorter than the shortest secret costs a look at its length.
 *
 * ATTACK: no search compares a secret with the text byte by byte, which would tell by its time how much of it was guessed:
 * words are cut out of the text and looked up.
 *
 * @param secrets - a static token of the configuration may be any text; one of fewer than 16 characters is never found
 */
export function secretFinder(secrets: Iterable<string>): (text: string) => readonly string[] {
  const sought = new Set([...secrets].filter((secret) => secret.length >= LEAST_LENGTH))
  if (sought.size === 0) return () => NONE
  const least = Math.min(...[...sought].map((secret) => secret.length))
  const alphabet = alphabetOf(sought)
  // WHY: one that an address cannot hold as it is, or that would be cut: it is met as a whole value only.
  const isOdd = [...sought].some((secret) => /[^A-Za-z0-9._~-]/.test(secret))
  return (text) => {
    if (text.length < least) return NONE
    const long = wordsIn(text, alphabet, least)
    const words = long === NONE ? NONE : long.filter((word) => sought.has(word))
    return isOdd ? [...words, ...valuesIn(text).filter((value) => sought.has(plain(value)))] : words
  }
}

/**
 * By character code: 1 where a word goes on, which is so of the unreserved characters (RFC 3986 section 2.3) of all
 * secrets, and of hexadecimal digits, so that what follows a percent sign is told from a word.
 */
function alphabetOf(secrets: Iterable<string>): Uint8Array {
  const alphabet = new Uint8Array(128)
  const letters = [...secrets].join('').replace(/[^A-Za-z0-9._~-]/g, '')
  for (const one of `${letters}0123456789ABCDEFabcdef`) alphabet[one.charCodeAt(0)] = 1
  return alphabet
}

// WHY: no expression cuts it: of a word that is long enough every `least`th character is a part, so that only these are
// looked at, and what is around them.
function wordsIn(text: string, alphabet: Uint8Array, least: number): readonly string[] {
  let words: readonly string[] = NONE
  for (let at = least - 1; at < text.length; ) {
    let from = at
    while (from >= 0 && alphabet[text.charCodeAt(from)] === 1) from--
    let to = at
    while (to < text.length && alphabet[text.charCodeAt(to)] === 1) to++
    const start = from + 1 + (from >= 0 && text.charCodeAt(from) === PERCENT ? escaped(text, from + 1) : 0)
    if (to - start >= least) words = [...words, text.slice(start, to)]
    at = to + least
  }
  return words
}

/** How many digits belong to a percent sign, however often it was encoded: `%25253D` is `=` in an address in an address. */
function escaped(text: string, digits: number): number {
  let length = 0
  while (text.startsWith('25', digits + length)) length += 2
  return length + 2
}

function valuesIn(text: string): readonly string[] {
  return (text.match(VALUES) ?? []).flatMap((piece) => {
    const mark = piece.indexOf('=')
    return mark === -1 ? [piece] : [piece, piece.slice(mark + 1)]
  })
}

function plain(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch (error) {
    if (error instanceof URIError) return value
    throw error
  }
}
