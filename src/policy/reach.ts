import { casings } from '../core/letter-case.ts'
import type { Rule, Segment } from './model.ts'
import { matchRule, type Policy } from './policy.ts'
import { foldedWord, wordOf } from './word.ts'

/** A request that two policies give to these two rules. */
export interface Crossing {
  /** Null where the old policy had no rule, or none for the method. */
  readonly was: Rule | null
  readonly is: Rule
  readonly host: string
  readonly method: string
  /** Null stands for any text that no rule spells out. */
  readonly segments: readonly (string | null)[]
}

/** Methods that are asked about on every path, whatever rules name. */
export const METHODS: readonly string[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
/** A segment that no policy spells out, and a method: parameters, wildcards and rules for every method take them. */
const FRESH = '~postern~'
const OTHER_METHOD = 'X-OTHER'

/** A place in a path: a fixed text, as it must stand or in any case, or anything. */
type Place = { readonly text: string; readonly spelling: 'exact' | 'any-case' } | null

/** Paths that a rule matches; those that end in a slash are matched by rules of their own length and of the next. */
interface Shape {
  readonly places: readonly Place[]
  readonly rest: boolean
  readonly end: 'plain' | 'slash'
}

function shapesOf(rule: Rule): readonly Shape[] {
  const spelling = rule.foldCase === true ? 'any-case' : 'exact'
  const rest = rule.segments.at(-1)?.kind === 'rest'
  const own: readonly Segment[] = rest ? rule.segments.slice(0, -1) : rule.segments
  const places = own.map((one): Place => (one.kind === 'literal' ? { text: one.text, spelling } : null))
  // WHY: `/players/` is the rule of `/players/:id` with its parameter missing, where no better one answers.
  const missing =
    own.at(-1)?.kind === 'param' ? [{ places: places.slice(0, -1), rest: false, end: 'slash' } as const] : []
  return [{ places, rest, end: 'plain' }, { places, rest, end: 'slash' }, ...missing]
}

function commonPlace(a: Place, b: Place): Place | undefined {
  if (a === null || b === null) return a ?? b
  const [one, other] = [wordOf(a.text), wordOf(b.text)]
  if (one === other) return a.spelling === 'exact' ? a : b
  if (a.spelling === 'exact' && b.spelling === 'exact') return undefined
  if (foldedWord(one) !== foldedWord(other)) return undefined
  return a.spelling === 'exact' ? a : b
}

/** Every path that both shapes match, as one shape; null when there is none. */
function common(a: Shape, b: Shape): Shape | null {
  if (a.end !== b.end) return null
  const length = Math.max(a.places.length, b.places.length)
  if ((!a.rest && a.places.length < length) || (!b.rest && b.places.length < length)) return null
  const places: Place[] = []
  for (let index = 0; index < length; index++) {
    const place = commonPlace(a.places[index] ?? null, b.places[index] ?? null)
    if (place === undefined) return null
    places.push(place)
  }
  return { places, rest: a.rest && b.rest, end: a.end }
}

/** Another spelling of a text that no rule spells out; the text where it has no case. */
function otherCase(text: string, literals: ReadonlySet<string>): string {
  const first = text.slice(0, 1)
  const turned = first === first.toLowerCase() ? first.toUpperCase() : first.toLowerCase()
  const spellings = [...casings(text), `${turned}${text.slice(1)}`]
  return spellings.find((one) => !literals.has(wordOf(one))) ?? text
}

/** Paths of a shape, at every depth at which rules can differ, with free text and free case where they have a choice. */
function samples(shape: Shape, depth: number, literals: ReadonlySet<string>): readonly (readonly (string | null)[])[] {
  const { places, rest, end } = shape
  const asWritten = places.map((place) => place?.text ?? null)
  const free = places.map((place) => {
    return place?.spelling === 'any-case' ? otherCase(place.text, literals) : (place?.text ?? null)
  })
  const below = rest ? Array.from({ length: Math.max(1, depth - places.length + 2) }, (_, index) => index) : [0]
  return below.flatMap((count) =>
    [asWritten, free].map((one) => {
      return [...one, ...Array.from({ length: count }, () => null), ...(end === 'slash' ? [''] : [])]
    }),
  )
}

/** Shapes by the word they begin with, in any case; null for those that begin with anything, or are the root. */
type Shelves = ReadonlyMap<string | null, readonly Shape[]>

function firstOf({ places }: Shape): string | null {
  const [first] = places
  return first === undefined || first === null ? null : foldedWord(wordOf(first.text))
}

function shelved(shapes: readonly Shape[]): Shelves {
  return Map.groupBy(shapes, firstOf)
}

/** Those that can have a path in common with a shape. WHY: of 10,000 rules few begin alike, and all pairs would take a minute. */
function near(shape: Shape, shelves: Shelves): readonly Shape[] {
  const first = firstOf(shape)
  if (first === null) return [...shelves.values()].flat()
  return [...(shelves.get(first) ?? []), ...(shelves.get(null) ?? [])]
}

/** Paths that tell apart which rules answer: one where no two rules of both policies differ more closely. */
function pathsOf(before: readonly Rule[], after: readonly Rule[]): ReadonlyMap<string, readonly (string | null)[]> {
  const all = [...before, ...after]
  const depth = Math.max(0, ...all.map((rule) => rule.segments.length))
  const literals = new Set(
    all.flatMap((rule) => rule.segments.flatMap((one) => (one.kind === 'literal' ? wordOf(one.text) : []))),
  )
  const [olds, news] = [shelved(before.flatMap(shapesOf)), after.flatMap(shapesOf)]
  const found = new Map<string, readonly (string | null)[]>()
  for (const shape of news) {
    for (const both of [shape, ...near(shape, olds).flatMap((old) => common(old, shape) ?? [])]) {
      for (const path of samples(both, depth, literals)) if (path.length > 0) found.set(JSON.stringify(path), path)
    }
  }
  return found
}

/**
 * Every pair of an old and a new rule that answer the same request, each once.
 *
 * INVARIANT: complete. A request that rules A and B answer can have its free segments replaced by a text that no rule
 * spells out: fewer rules match then, A and B still do, and so still win. Hence one such path for each two rules tells.
 */
export function crossings(before: Policy, after: Policy, hosts: readonly string[]): readonly Crossing[] {
  const [old, fresh] = [before, after].map(({ bundle }) => bundle.rules.filter(({ mode }) => mode === 'enforce'))
  const all = [...(old ?? []), ...(fresh ?? [])]
  const methods = new Set([...METHODS, ...all.flatMap((rule) => rule.methods), OTHER_METHOD])
  const found = new Map<Rule, Map<Rule | null, Crossing>>()
  for (const segments of pathsOf(old ?? [], fresh ?? []).values()) {
    const target = { segments: segments.map((text) => text ?? FRESH) }
    for (const host of hosts) {
      for (const method of methods) {
        const is = matchRule(after, { host, method, target })
        if (is.kind !== 'rule') continue
        const match = matchRule(before, { host, method, target })
        const was = match.kind === 'rule' ? match.rule : null
        const known = found.get(is.rule) ?? new Map<Rule | null, Crossing>()
        found.set(is.rule, known)
        if (!known.has(was)) known.set(was, { was, is: is.rule, host, method, segments })
      }
    }
  }
  return [...found.values()].flatMap((known) => [...known.values()])
}
