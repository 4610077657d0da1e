import type { Target } from '../core/target.ts'
import type { Rule, Segment } from './model.ts'
import type { PreparedRule } from './prepare.ts'
import { foldedWord, wordOf } from './word.ts'

/** The rules of one path, by method. */
interface Methods {
  readonly byMethod: Map<string, PreparedRule>
  any: PreparedRule | null
}

/** One segment deep in the tree of paths. Each node is reached by exactly one pattern of segments. */
interface Node {
  /** By word as `wordOf` has it; below each stands also what rules that fold case say of it. */
  readonly literals: Map<string, Node>
  /** Words of rules that fold case, as `foldedWord` has them; null where there are none. */
  folded: Map<string, Node> | null
  param: Node | null
  /** Rules that end here. */
  own: Methods | null
  /** Rules that end in `*` here: this path and everything below. */
  rest: Methods | null
}

/** Every rule of one mode: exact hosts first, then the tree for every host. */
export interface RuleTree {
  readonly hosts: ReadonlyMap<string, Node>
  readonly everywhere: Node
}

/** What the matcher found: one rule, a path without the method, or nothing. */
export type Match =
  | {
      readonly kind: 'rule'
      readonly rule: Rule
      readonly prepared: PreparedRule
      /** Captured segments of the rule's `:params`, still encoded, in order; the last is null when the path ends before it. */
      readonly values: readonly (string | null)[]
    }
  /** `beside`: the rules of this path for other methods. */
  | { readonly kind: 'method'; readonly allow: readonly string[]; readonly beside: readonly Rule[] }
  | { readonly kind: 'none' }

/** What chooses a rule: nothing else does, the query least of all (DECISIONS 22). */
export interface MatchInput {
  readonly host: string
  readonly method: string
  readonly target: Pick<Target, 'segments'>
}

const NONE: Match = { kind: 'none' }
const UNMATCHABLE: ReadonlySet<string> = new Set(['CONNECT', 'TRACE'])

function node(): Node {
  return { literals: new Map(), folded: null, param: null, own: null, rest: null }
}

function childOf(within: Map<string, Node>, key: string): Node {
  const known = within.get(key)
  if (known !== undefined) return known
  const made = node()
  within.set(key, made)
  return made
}

/** Where a word leads: for a folding rule also below each spelling of it that is there, which is looked up first and alone. */
function literalChildren(parent: Node, text: string, fold: boolean): readonly Node[] {
  const own = wordOf(text)
  if (!fold) return [childOf(parent.literals, own)]
  const key = foldedWord(own)
  parent.folded ??= new Map()
  const exact = [...parent.literals].flatMap(([word, child]) => (foldedWord(word) === key ? [child] : []))
  return [childOf(parent.folded, key), ...exact]
}

function paramChild(parent: Node): Node {
  parent.param ??= node()
  return parent.param
}

function descend(root: Node, segments: readonly Segment[], fold: boolean): readonly Node[] {
  let ends: readonly Node[] = [root]
  for (const segment of segments) {
    if (segment.kind === 'rest') return ends
    ends = ends.flatMap((at) => (segment.kind === 'literal' ? literalChildren(at, segment.text, fold) : paramChild(at)))
  }
  return ends
}

function place(root: Node, prepared: PreparedRule): void {
  const { segments, methods, foldCase } = prepared.rule
  const rest = segments.at(-1)?.kind === 'rest'
  for (const end of descend(root, segments, foldCase === true)) {
    const into = (rest ? end.rest : end.own) ?? { byMethod: new Map<string, PreparedRule>(), any: null }
    if (rest) end.rest = into
    else end.own = into
    // WHY: who wrote the word as the path has it was there first, and is meant.
    if (methods.length === 0) into.any ??= prepared
    for (const method of methods) if (!into.byMethod.has(method)) into.byMethod.set(method, prepared)
  }
}

/** Builds the tree host -> segment -> method; the order of the rules does not matter. */
export function ruleTree(rules: readonly PreparedRule[]): RuleTree {
  const hosts = new Map<string, Node>()
  const everywhere = node()
  // INVARIANT: rules that fold case come last, so that each finds every exact spelling of its words.
  const inOrder = rules.toSorted((a, b) => Number(a.rule.foldCase === true) - Number(b.rule.foldCase === true))
  for (const prepared of inOrder) {
    if (prepared.rule.hosts.length === 0) place(everywhere, prepared)
    for (const host of prepared.rule.hosts) {
      const root = hosts.get(host) ?? node()
      hosts.set(host, root)
      place(root, prepared)
    }
  }
  return { hosts, everywhere }
}

function atEnd(here: Node, slash: boolean, values: (string | null)[]): Methods | null {
  if (here.own !== null) return here.own
  if (here.rest !== null) return here.rest
  const below = slash && here.param !== null ? (here.param.own ?? here.param.rest) : null
  if (below !== null) {
    // WHY: `/players/` where only `/players/:id` exists is that rule with its parameter missing (seeds I1).
    values.push(null)
  }
  return below
}

// INVARIANT: each node is visited at most once a request, so backtracking costs at most the size of the tree.
function find(here: Node, segments: readonly string[], depth: number, values: (string | null)[]): Methods | null {
  const segment = segments[depth]
  if (segment === undefined) return atEnd(here, false, values)
  if (segment === '' && depth === segments.length - 1) return atEnd(here, true, values)
  const word = wordOf(segment)
  const literal = here.literals.get(word) ?? here.folded?.get(foldedWord(word))
  if (literal !== undefined) {
    const found = find(literal, segments, depth + 1, values)
    if (found !== null) return found
  }
  if (here.param !== null) {
    const mark = values.length
    values.push(segment)
    const found = find(here.param, segments, depth + 1, values)
    if (found !== null) return found
    values.length = mark
  }
  return here.rest
}

function allowed(methods: Methods): readonly string[] {
  const names = new Set(methods.byMethod.keys())
  if (names.has('GET')) names.add('HEAD')
  return [...names].sort()
}

function besideIn({ byMethod }: Methods): readonly Rule[] {
  return [...new Set([...byMethod.values()].map(({ rule }) => rule))]
}

function choose(methods: Methods, method: string, values: readonly (string | null)[]): Match {
  const named = methods.byMethod.get(method) ?? (method === 'HEAD' ? methods.byMethod.get('GET') : undefined)
  const prepared = named ?? (UNMATCHABLE.has(method) ? null : methods.any)
  if (prepared === null) return { kind: 'method', allow: allowed(methods), beside: besideIn(methods) }
  return { kind: 'rule', rule: prepared.rule, prepared, values }
}

/** The one rule for a request: best host, then best path, then the method; a best path without the method is no wider rule. */
export function matchTree(tree: RuleTree, input: MatchInput): Match {
  const values: (string | null)[] = []
  const own = tree.hosts.get(input.host)
  const methods = own === undefined ? null : find(own, input.target.segments, 0, values)
  const found = methods ?? find(tree.everywhere, input.target.segments, 0, values)
  return found === null ? NONE : choose(found, input.method, values)
}

/** Whether a rule begins with a word of the path itself; a rule for everything does not. */
export function isNamed(match: Match): boolean {
  return match.kind === 'rule' && match.rule.segments[0]?.kind === 'literal'
}
