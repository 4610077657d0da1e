/** A pattern while it is read. */
interface Reader {
  readonly text: string
  readonly longest: number
  at: number
}

const MAX_REPEAT = 256
/** Ways in which a value of the greatest length may be tried: at most some twenty milliseconds, measured. */
const MAX_COST = 1_000_000
const CLASS = /^\[\^?(?:\\.|[^\]\\])*\]/u
/** WHY: the braces of `\u{61}` hold a character, and would else be read as a count behind it. */
const ESCAPE = /^\\(?:u\{[0-9A-Fa-f]+\}|.)/su
const QUANTIFIER = /^(?:[*+?]|\{([0-9]+)(,([0-9]*))?\})\??/

class PatternFault extends Error {}

function readQuantifier(reader: Reader): { readonly most: number; readonly least: number } {
  const found = QUANTIFIER.exec(reader.text.slice(reader.at))
  if (found === null) return { least: 1, most: 1 }
  reader.at += found[0].length
  const sign = found[0][0]
  if (sign === '*') return { least: 0, most: Infinity }
  if (sign === '+') return { least: 1, most: Infinity }
  if (sign === '?') return { least: 0, most: 1 }
  const least = Number(found[1])
  const most = found[2] === undefined ? least : found[3] === '' ? Infinity : Number(found[3])
  if (least > MAX_REPEAT || (most !== Infinity && most > MAX_REPEAT)) {
    throw new PatternFault(`repeats more than ${MAX_REPEAT} times`)
  }
  return { least, most }
}

function readGroup(reader: Reader): number {
  const rest = reader.text.slice(reader.at)
  if (/^\(\?(?:[=!]|<[=!])/.test(rest)) throw new PatternFault('uses look-around')
  const head = /^\((?:\?:|\?<[A-Za-z]\w*>)?/.exec(rest)?.[0] ?? '('
  // WHY: what stands behind is not read as what it is: a name of other letters, or flags that not every runtime has.
  if (rest.startsWith('(?') && head === '(') throw new PatternFault('has a group that is neither (?:…) nor (?<name>…)')
  reader.at += head.length
  const inside = readAlternatives(reader)
  if (reader.text[reader.at] !== ')') throw new PatternFault('has an unclosed group')
  reader.at += 1
  return inside
}

function readAtom(reader: Reader): number {
  const rest = reader.text.slice(reader.at)
  if (rest.startsWith('(')) return readGroup(reader)
  if (/^\\[1-9k]/.test(rest)) throw new PatternFault('uses a back reference')
  reader.at += (ESCAPE.exec(rest) ?? CLASS.exec(rest))?.[0].length ?? 1
  return 1
}

function readSequence(reader: Reader): number {
  let cost = 1
  while (reader.at < reader.text.length && !'|)'.includes(reader.text[reader.at] ?? '')) {
    const inside = readAtom(reader)
    const { least, most } = readQuantifier(reader)
    // ATTACK: (a+)+ and (a|a)* take time that doubles with each character the client adds.
    if (most === Infinity && inside > 1)
      throw new PatternFault('repeats without bound what can itself match in several ways')
    // WHY: k loops share the length, so together they have about (n/2)^k ways, not n^k.
    const times = most === Infinity ? reader.longest / 2 : most - least + 1
    cost *= inside > 1 ? inside ** most : times
    if (cost > MAX_COST) throw new PatternFault('can match in too many ways')
  }
  return cost
}

function readAlternatives(reader: Reader): number {
  let cost = readSequence(reader)
  while (reader.text[reader.at] === '|') {
    reader.at += 1
    cost += readSequence(reader)
  }
  return cost
}

/**
 * Why a pattern is not usable: not a regular expression, or one that a hostile value could make slow; null when it is fine.
 *
 * @param longest - greatest length of a value it is held against
 */
export function patternFault(pattern: string, longest: number): string | null {
  try {
    new RegExp(anchored(pattern), 'u')
  } catch {
    return 'is not a regular expression'
  }
  try {
    const reader: Reader = { text: pattern, longest, at: 0 }
    readAlternatives(reader)
    return reader.at === pattern.length ? null : 'has an unopened group'
  } catch (error) {
    return error instanceof PatternFault ? error.message : 'cannot be read'
  }
}

/** The pattern as it is run: anchored at both ends whatever the author wrote. */
export function anchored(pattern: string): string {
  return `^(?:${pattern})$`
}
