/** Tokens of a regular expression that matter for its cost. */
interface Reader {
  readonly text: string
  at: number
}

/** What one alternative or group may cost: whether it repeats without bound somewhere inside. */
interface Piece {
  readonly unbounded: boolean
  readonly optional: boolean
}

const MAX_REPEAT = 256
const CLASS = /^\[\^?(?:\\.|[^\]\\])*\]/u
const QUANTIFIER = /^(?:[*+?]|\{([0-9]+)(,([0-9]*))?\})\??/

class PatternFault extends Error {}

function readQuantifier(reader: Reader): { readonly most: number; readonly least: number } | null {
  const found = QUANTIFIER.exec(reader.text.slice(reader.at))
  if (found === null) return null
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

function readGroup(reader: Reader): Piece {
  const rest = reader.text.slice(reader.at)
  if (/^\(\?(?:[=!]|<[=!])/.test(rest)) throw new PatternFault('uses look-around')
  reader.at += /^\((?:\?:|\?<[A-Za-z]\w*>)?/.exec(rest)?.[0].length ?? 1
  const inside = readAlternatives(reader)
  if (reader.text[reader.at] !== ')') throw new PatternFault('has an unclosed group')
  reader.at += 1
  return inside
}

function readAtom(reader: Reader): Piece {
  const rest = reader.text.slice(reader.at)
  if (rest.startsWith('(')) return readGroup(reader)
  if (/^\\[1-9k]/.test(rest)) throw new PatternFault('uses a back reference')
  const length = rest.startsWith('\\') ? 2 : (CLASS.exec(rest)?.[0].length ?? 1)
  reader.at += length
  return { unbounded: false, optional: false }
}

function readSequence(reader: Reader): Piece {
  let loops = 0
  let optional = true
  while (reader.at < reader.text.length && !'|)'.includes(reader.text[reader.at] ?? '')) {
    const group = reader.text[reader.at] === '('
    const atom = readAtom(reader)
    const times = readQuantifier(reader)
    // ATTACK: (a+)+ and (a|a)* take time that doubles with each character the client adds.
    if (times !== null && group && times.most > 1 && (atom.unbounded || atom.optional || times.most === Infinity)) {
      if (atom.unbounded) throw new PatternFault('repeats something that itself repeats')
      if (atom.optional) throw new PatternFault('repeats something that may be empty')
      if (reader.text.slice(0, reader.at).includes('|')) throw new PatternFault('repeats a choice without bound')
    }
    if (atom.unbounded || times?.most === Infinity) loops += 1
    if (!atom.optional && (times === null || times.least > 0)) optional = false
  }
  // WHY: k loops over one value of length n cost n^k; three over 128 characters are still below a millisecond.
  if (loops > 3) throw new PatternFault('has more than three unbounded repetitions')
  return { unbounded: loops > 0, optional }
}

function readAlternatives(reader: Reader): Piece {
  let unbounded = false
  let optional = false
  for (;;) {
    const piece = readSequence(reader)
    unbounded ||= piece.unbounded
    optional ||= piece.optional
    if (reader.text[reader.at] !== '|') return { unbounded, optional }
    reader.at += 1
  }
}

/** Why a pattern is not usable: not a regular expression, or one that a hostile value could make slow; null when it is fine. */
export function patternFault(pattern: string): string | null {
  try {
    new RegExp(`^(?:${pattern})$`, 'u')
  } catch {
    return 'is not a regular expression'
  }
  try {
    const reader: Reader = { text: pattern, at: 0 }
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
