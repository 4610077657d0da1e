/** A bare item of a structured field: the kinds that signatures use. */
export type Bare = string | number | boolean | Uint8Array<ArrayBuffer> | Token

/** A token, kept apart from a string. */
export interface Token {
  readonly token: string
}

/** Parameters of an item or a list, in the order in which they stand. */
export type Parameters = ReadonlyMap<string, Bare>

/** One member of `Signature-Input`: the covered components with their parameters, and the parameters of the list. */
export interface InnerList {
  readonly items: readonly { readonly value: Bare; readonly parameters: Parameters }[]
  readonly parameters: Parameters
  /** The member's value as it was sent. */
  readonly text: string
}

const KEY = /[a-z*][a-z0-9_.*-]*/y
const INTEGER = /-?\d{1,15}/y
const STRING = /"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"/y
const BYTES = /:([A-Za-z0-9+/]*={0,2}):/y
const TOKEN = /[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*/y
const BOOLEAN = /\?([01])/y
const SPACES = / */y
const COMMA = /[ \t]*,[ \t]*/y
const LONGEST = 16_384

/** A field that is not the structured field it should be. */
export class NotStructured extends Error {
  override readonly name = 'NotStructured'
}

/** Reads one structured field from left to right; every pattern is anchored where it stands and linear. */
class Reader {
  readonly text: string
  at = 0

  constructor(text: string) {
    if (text.length > LONGEST) throw new NotStructured('too long')
    this.text = text
  }

  take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at
    const match = pattern.exec(this.text)
    if (match !== null) this.at += match[0].length
    return match
  }

  need(pattern: RegExp, what: string): string {
    const match = this.take(pattern)
    if (match === null) throw new NotStructured(`${what} expected at ${this.at}`)
    return match[1] ?? match[0]
  }

  sign(character: string): boolean {
    if (this.text[this.at] !== character) return false
    this.at += 1
    return true
  }

  get done(): boolean {
    return this.at >= this.text.length
  }
}

function bareItem(reader: Reader): Bare {
  switch (reader.text[reader.at]) {
    case '"':
      return reader.need(STRING, 'a string').replaceAll(/\\(["\\])/g, '$1')
    case ':':
      return bytesOf(reader.need(BYTES, 'bytes'))
    case '?':
      return reader.need(BOOLEAN, 'a boolean') === '1'
    default: {
      const number = reader.take(INTEGER)
      return number === null ? { token: reader.need(TOKEN, 'an item') } : Number(number[0])
    }
  }
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  } catch {
    throw new NotStructured('not base64')
  }
}

function parametersOf(reader: Reader): Parameters {
  const found = new Map<string, Bare>()
  while (reader.sign(';')) {
    reader.take(SPACES)
    const key = reader.need(KEY, 'a parameter')
    found.set(key, reader.sign('=') ? bareItem(reader) : true)
  }
  return found
}

function innerList(reader: Reader): InnerList {
  const from = reader.at
  if (!reader.sign('(')) throw new NotStructured('a list expected')
  const items: { value: Bare; parameters: Parameters }[] = []
  for (;;) {
    const spaces = reader.need(SPACES, 'a space')
    if (reader.sign(')')) break
    if (items.length > 0 && spaces === '') throw new NotStructured('a space expected')
    items.push({ value: bareItem(reader), parameters: parametersOf(reader) })
  }
  const parameters = parametersOf(reader)
  return { items, parameters, text: reader.text.slice(from, reader.at) }
}

/** Reads a dictionary with one reader for its members; a key that stands twice is refused rather than overwritten. */
function dictionary<T>(text: string, member: (reader: Reader) => T): ReadonlyMap<string, T> {
  const reader = new Reader(text.trim())
  const members = new Map<string, T>()
  while (!reader.done) {
    const key = reader.need(KEY, 'a label')
    if (members.has(key)) throw new NotStructured(`label ${key} stands twice`)
    if (!reader.sign('=')) throw new NotStructured('a value expected')
    members.set(key, member(reader))
    if (reader.done) break
    reader.need(COMMA, 'a comma')
    if (reader.done) throw new NotStructured('a member expected')
  }
  return members
}

/**
 * The members of `Signature-Input` by label.
 *
 * @throws NotStructured when the field is anything else
 * @see RFC 9421 section 4.1; RFC 9651 section 3.2
 */
export function signatureInputs(text: string): ReadonlyMap<string, InnerList> {
  return dictionary(text, innerList)
}

/**
 * The members of `Signature` by label.
 *
 * @throws NotStructured when the field is anything else
 * @see RFC 9421 section 4.2
 */
export function signatures(text: string): ReadonlyMap<string, Uint8Array<ArrayBuffer>> {
  return dictionary(text, (reader) => {
    const value = bareItem(reader)
    if (!(value instanceof Uint8Array)) throw new NotStructured('bytes expected')
    return value
  })
}
