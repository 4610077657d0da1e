/** A pattern while texts are made for it. */
interface Reader {
  readonly text: string
  at: number
}

/** No value may be that long, so neither is a sample. */
const MAX_LENGTH = 4_096
const MAX_SAMPLES = 16
const CLASS = /^\[\^?(?:\\.|[^\]\\])*\]/u
const ESCAPE = /^\\(?:u\{[0-9A-Fa-f]+\}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|c[A-Za-z]|[pP]\{[^}]*\}|.)/u
const CODE = /^\\[ux]\{?([0-9A-Fa-f]+)\}?$/
const QUANTIFIER = /^(?:[*+?]|\{([0-9]+)(?:,[0-9]*)?\})\??/
const NOTHING: readonly string[] = ['']
/** One of each kind is tried for a class: what differs between two of them is often a whole kind. */
const KINDS: readonly string[] = [
  'abcdefghijklmnopqrstuvwxyz',
  'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  '0123456789',
  `-_.~!$&'()*+,=:@;|^"<>[]{}\`%#?/\\ `,
  'éßñøΩЖא中かあ한😀',
]

/** Every part of both lists at least once, without all of their combinations. */
function joined(left: readonly string[], right: readonly string[]): readonly string[] {
  const count = Math.min(MAX_SAMPLES, Math.max(left.length, right.length))
  if (left.length === 0 || right.length === 0) return []
  const made = Array.from({ length: count }, (_, index) => {
    return `${left[index % left.length]}${right[index % right.length]}`
  })
  return made.filter((text) => text.length <= MAX_LENGTH)
}

function charactersOf(source: string): readonly string[] {
  const one = new RegExp(`^(?:${source})$`, 'u')
  const code = CODE.exec(source)?.[1]
  const own = code === undefined ? source : String.fromCodePoint(Number.parseInt(code, 16))
  if (one.test(own)) return [own]
  return KINDS.flatMap((kind) => [...kind].find((character) => one.test(character)) ?? [])
}

function readAtom(reader: Reader): readonly string[] {
  const rest = reader.text.slice(reader.at)
  const open = /^\((?:\?:|\?<[A-Za-z]\w*>)?/.exec(rest)?.[0]
  if (open !== undefined) {
    reader.at += open.length
    const inside = readAlternatives(reader)
    reader.at += 1
    return inside
  }
  const source = CLASS.exec(rest)?.[0] ?? ESCAPE.exec(rest)?.[0] ?? String.fromCodePoint(rest.codePointAt(0) ?? 0)
  reader.at += source.length
  return ['^', '$', '\\b', '\\B'].includes(source) ? NOTHING : charactersOf(source)
}

function readCounts(reader: Reader): readonly number[] {
  const found = QUANTIFIER.exec(reader.text.slice(reader.at))
  if (found === null) return [1]
  reader.at += found[0].length
  if (found[0].startsWith('+')) return [1, 2]
  return found[1] === undefined || found[1] === '0' ? [1, 0] : [Number(found[1])]
}

function readSequence(reader: Reader): readonly string[] {
  let made = NOTHING
  while (reader.at < reader.text.length && !'|)'.includes(reader.text[reader.at] ?? '')) {
    const atom = readAtom(reader)
    const parts = readCounts(reader).flatMap((count) => (count === 0 ? NOTHING : repeated(atom, count)))
    made = joined(made, parts)
  }
  return made
}

function repeated(atom: readonly string[], count: number): readonly string[] {
  return atom.filter((text) => text.length * count <= MAX_LENGTH).map((text) => text.repeat(count))
}

function readAlternatives(reader: Reader): readonly string[] {
  const made = [...readSequence(reader)]
  while (reader.text[reader.at] === '|') {
    reader.at += 1
    made.push(...readSequence(reader))
  }
  return made
}

/**
 * Texts that a pattern takes: each of its alternatives, each kind of character; none where none was found.
 *
 * @param pattern - one that `patternFault` has nothing against
 */
export function patternSamples(pattern: string): readonly string[] {
  const whole = new RegExp(pattern, 'u')
  const made = new Set(readAlternatives({ text: pattern, at: 0 }))
  return [...made].filter((text) => whole.test(text)).slice(0, MAX_SAMPLES)
}
