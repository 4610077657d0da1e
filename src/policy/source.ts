import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  LineCounter,
  type Node,
  parseAllDocuments,
  Scalar,
  visit,
  type YAMLMap,
} from 'yaml'
import type { Position } from './model.ts'
import type { Problems } from './problem.ts'
import { codeOf, OTHER_BLANK, otherBlank, toldFaults } from './yaml-fault.ts'

/** One policy file as it was written. */
export interface PolicyFile {
  readonly name: string
  readonly text: string
}

/** A policy file as plain data that knows where each part of it stands. */
export interface Source {
  readonly name: string
  readonly data: unknown
  /** Where a value stands; the nearest part around it when the path leads nowhere. */
  at(path: readonly PropertyKey[]): Position
  /** Where the key itself stands. */
  atKey(path: readonly PropertyKey[]): Position
}

const MAX_BYTES = 1_048_576
const MAX_DEPTH = 24
/** Words that YAML 1.1 reads as yes or no, and YAML 1.2 as text: two readers would see two policies. */
const TRAPS = /^(?:yes|no|on|off)$/i
/** Keys whose documented values are the plain words `on` and `off`. */
const SWITCHES: ReadonlySet<string> = new Set(['lease', 'csrf'])
const MERGE = '<<'
/** No text needs them; a line of a log or a terminal that has them says something else than the file. */
const HIDDEN = /(?![\t\n\r])[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u

function positions(name: string, lines: LineCounter): (offset: number) => Position {
  return (offset) => {
    const { line, col } = lines.linePos(offset)
    return { file: name, line: Math.max(1, line), column: Math.max(1, col) }
  }
}

function startOf(node: unknown): number | null {
  return isNode(node) && node.range ? node.range[0] : null
}

function refuseMarks(node: Node, at: Position, problems: Problems): void {
  if (isAlias(node)) problems.error(at, 'PST203', `alias "*${node.source}" is not allowed`, 'write the value out')
  else if (node.anchor !== undefined) {
    problems.error(at, 'PST203', `anchor "&${node.anchor}" is not allowed`, 'write the value out')
  }
  if (node.tag !== undefined) problems.error(at, 'PST203', 'a tag is not allowed', 'remove the tag')
}

function refuseTrap(node: Scalar, at: Position, place: 'value' | 'elsewhere', problems: Problems): void {
  const written = node.type === Scalar.PLAIN && typeof node.value === 'string' ? node.value : ''
  if (!TRAPS.test(written)) return
  const message = `"${written}" without quotes is yes or no to some YAML readers`
  problems.error(
    at,
    'PST213',
    message,
    `${place === 'value' ? 'write true or false, or ' : 'write '}"${written}" in quotes`,
  )
}

/** ATTACK: a name with a sequence for terminals forges what `check`, `explain` and the log say. */
function refuseHidden({ value }: Scalar, at: Position, problems: Problems): void {
  if (typeof value !== 'string') return
  const found = HIDDEN.exec(value)
  if (found === null) return
  problems.error(at, 'PST203', `a character that nobody sees (${codeOf(found[0])}) is not allowed`, 'remove it')
}

/** Keys that YAML tells apart and plain data does not: of `1:` and `"1":` the last would stand for both. */
function refuseTwins(map: YAMLMap, where: (offset: number) => Position, problems: Problems): void {
  const seen = new Set<string>()
  for (const { key } of map.items) {
    if (!isScalar(key)) continue
    const name = String(key.value ?? '')
    if (seen.has(name)) {
      problems.error(where(startOf(key) ?? 0), 'PST202', 'the same key twice in one place', 'keep one of them')
    }
    seen.add(name)
  }
}

function refuseOddities(document: Document.Parsed, where: (offset: number) => Position, problems: Problems): void {
  if (document.directives?.yaml.explicit === true) {
    problems.error(where(0), 'PST203', 'a %YAML directive is not allowed', 'remove the line; files are YAML 1.2')
  }
  visit(document, {
    Node(key, node, path) {
      const at = where(startOf(node) ?? 0)
      refuseMarks(node, at, problems)
      if (isScalar(node)) refuseTrap(node, at, key === 'value' ? 'value' : 'elsewhere', problems)
      if (isScalar(node)) refuseHidden(node, at, problems)
      if (isMap(node)) refuseTwins(node, where, problems)
      if (path.length <= MAX_DEPTH * 2) return undefined
      problems.error(at, 'PST203', `nested deeper than ${MAX_DEPTH} levels`)
      return visit.BREAK
    },
    Pair(_key, { key, value }) {
      const at = where(startOf(key) ?? 0)
      if (!isScalar(key)) problems.error(at, 'PST201', 'a key must be a plain word')
      else if (key.value === MERGE) {
        problems.error(at, 'PST203', 'merge key "<<" is not allowed', 'write the keys out')
        return visit.SKIP
      }
      const name = isScalar(key) ? String(key.value) : ''
      const blank = OTHER_BLANK.exec(name)
      if (blank !== null) {
        const { message, hint } = otherBlank(blank[0])
        problems.error(at, 'PST201', message, hint)
      }
      // ATTACK: such a key vanishes in plain objects, and what it said with it.
      if (name === '__proto__') problems.error(at, 'PST203', 'key "__proto__" is not allowed', 'choose another name')
      if (!SWITCHES.has(name) || !isScalar(value)) return undefined
      refuseMarks(value, where(startOf(value) ?? 0), problems)
      return visit.SKIP
    },
  })
}

function sizeOf(text: string): number {
  return text.length > MAX_BYTES ? text.length : new TextEncoder().encode(text).length
}

function locate(document: Document.Parsed, path: readonly PropertyKey[], what: 'key' | 'value'): number {
  let here: unknown = document.contents
  let offset = startOf(here) ?? 0
  for (const [index, step] of path.entries()) {
    let next: unknown = null
    if (isMap(here)) {
      const pair = here.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step),
      )
      const last = index === path.length - 1
      next = pair?.value ?? null
      const wanted = pair !== undefined && (startOf(next) === null || (last && what === 'key')) ? pair.key : next
      offset = startOf(wanted) ?? offset
    } else if (isNode(here) && 'items' in here) {
      next = here.items[Number(step)] ?? null
      offset = startOf(next) ?? offset
    }
    here = next
  }
  return offset
}

/** Where texts in quotes begin. */
function quotesIn(documents: readonly Document.Parsed[]): readonly number[] {
  const found: number[] = []
  const isQuoted = ({ type }: Scalar): boolean => type === Scalar.QUOTE_DOUBLE || type === Scalar.QUOTE_SINGLE
  for (const document of documents) {
    visit(document, {
      Scalar(_key, node) {
        if (isQuoted(node)) found.push(startOf(node) ?? 0)
      },
    })
  }
  return found
}

/** Findings after which the data of a file cannot be trusted. */
const FATAL: ReadonlySet<string> = new Set(['PST201', 'PST202', 'PST203'])

/** Tells what is wrong with the form of a file; true when its data cannot be looked at. */
function refuseFaults(
  text: string,
  documents: readonly Document.Parsed[],
  where: (offset: number) => Position,
  problems: Problems,
): boolean {
  for (const fault of documents.flatMap(({ warnings }) => warnings)) {
    problems.error(where(fault.pos[0]), 'PST203', 'a tag is not allowed', 'remove the tag')
  }
  const faults = documents.flatMap(({ errors }) => errors)
  const isDouble = faults.every(({ code }) => code === 'DUPLICATE_KEY')
  for (const { at, message, hint } of toldFaults(
    text,
    faults.map(({ code, message, pos }) => ({ code, message, at: pos[0] })),
    quotesIn(documents),
  )) {
    problems.error(where(at), isDouble ? 'PST202' : 'PST201', message, hint)
  }
  return !isDouble
}

function documentsOf(text: string, lines: LineCounter): readonly Document.Parsed[] {
  const options = { lineCounter: lines, prettyErrors: false, uniqueKeys: true, version: '1.2', merge: false } as const
  const parsed = parseAllDocuments(text, options)
  return Array.isArray(parsed) ? parsed : []
}

/** Reads one YAML file: strict 1.2, one document, no anchors, aliases, merge keys or tags; null when it cannot be read at all. */
export function readSource(file: PolicyFile, problems: Problems): Source | null {
  const top: Position = { file: file.name, line: 1, column: 1 }
  const bytes = sizeOf(file.text)
  if (bytes > MAX_BYTES) {
    const hint = 'split it into several files'
    problems.error(top, 'PST200', `file of ${bytes} bytes; at most ${MAX_BYTES} are read`, hint)
    return null
  }
  const lone = /\r(?!\n)/.exec(file.text)
  if (lone !== null) {
    const line = file.text.slice(0, lone.index).split('\n').length
    const hint = 'save the file with LF or CR LF'
    problems.error(
      { ...top, line },
      'PST201',
      'a line that ends in CR alone, which is no line break to YAML here',
      hint,
    )
    return null
  }
  const lines = new LineCounter()
  const where = positions(file.name, lines)
  const [first, second, ...more] = documentsOf(file.text, lines)
  if (first === undefined || first.contents === null) {
    problems.error(top, 'PST201', 'the file is empty', 'a policy file has roles: or rules:')
    return null
  }
  const before = problems.list.length
  const documents = [first, second, ...more].filter((one) => one !== undefined)
  if (refuseFaults(file.text, documents, where, problems)) return null
  if (second !== undefined) {
    const hint = 'put it into a file of its own'
    problems.error(where(second.range[0]), 'PST203', 'a second document ("---") in one file', hint)
  }
  refuseOddities(first, where, problems)
  if (problems.list.slice(before).some((one) => FATAL.has(one.code))) return null
  return {
    name: file.name,
    data: first.toJS({ maxAliasCount: 0 }),
    at: (path) => where(locate(first, path, 'value')),
    atKey: (path) => where(locate(first, path, 'key')),
  }
}
