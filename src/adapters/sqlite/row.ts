import { type Seconds, seconds } from '../../core/brand.ts'
import type { Row } from './driver.ts'

/** A stored value is not what this version writes: an outage, never an absence. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable'
}

/** A text column. */
export function textOf(row: Row, column: string): string {
  const value = row[column]
  if (typeof value !== 'string') throw new Unreadable(`column ${column} is not text`)
  return value
}

/** A text column that may be null. */
export function maybeTextOf(row: Row, column: string): string | null {
  return row[column] === null ? null : textOf(row, column)
}

/** A whole number that a double can hold. */
export function wholeOf(row: Row, column: string): number {
  const value = row[column]
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new Unreadable(`column ${column} is not whole`)
  return value
}

/** A moment. */
export function momentOf(row: Row, column: string): Seconds {
  return seconds(wholeOf(row, column))
}

/** A moment that may be null. */
export function maybeMomentOf(row: Row, column: string): Seconds | null {
  return row[column] === null ? null : momentOf(row, column)
}

/** A moment at which something is over; one that cannot be read lies in the past (seeds S16). */
export function endOf(row: Row, column: string): Seconds {
  const value = row[column]
  return seconds(typeof value === 'number' && Number.isSafeInteger(value) ? value : 0)
}

/** Fields of a stored JSON object. */
export type Doc = Readonly<Record<string, unknown>>

/** A JSON object column. */
export function docOf(row: Row, column: string): Doc {
  const value = parsed(textOf(row, column), column)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Unreadable(`column ${column} is not an object`)
  }
  return value as Doc
}

/** A JSON list of texts. */
export function namesOf(row: Row, column: string): readonly string[] {
  const value = parsed(textOf(row, column), column)
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) {
    throw new Unreadable(`column ${column} is not a list of texts`)
  }
  return value
}

/** A member that is one of a few words. */
export function wordOf<T extends string>(value: unknown, words: readonly T[], what: string): T {
  const word = words.find((one) => one === value)
  if (word === undefined) throw new Unreadable(`${what} is none of ${words.join(', ')}`)
  return word
}

/** A text member of a JSON object. */
export function memberText(doc: Doc, name: string): string {
  const value = doc[name]
  if (typeof value !== 'string') throw new Unreadable(`member ${name} is not text`)
  return value
}

/** A text member that may be null. */
export function memberMaybeText(doc: Doc, name: string): string | null {
  return doc[name] === null ? null : memberText(doc, name)
}

/** A member that is true or false. */
export function memberFlag(doc: Doc, name: string): boolean {
  const value = doc[name]
  if (typeof value !== 'boolean') throw new Unreadable(`member ${name} is not true or false`)
  return value
}

/** A moment or other whole number of a JSON object. */
export function memberWhole(doc: Doc, name: string): number {
  const value = doc[name]
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new Unreadable(`member ${name} is not whole`)
  return value
}

function parsed(text: string, column: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Unreadable(`column ${column} is not JSON`)
  }
}
