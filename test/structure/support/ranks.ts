import { type Edge, type Graph, packagesReachableFrom } from './graph.ts'
import { type FileMap, type Finding, RIM, type Room, roomOf } from './house.ts'
import { type Token, tokensOf } from './tokens.ts'

/** Every import that points up, sideways, out of the house, or to a library that lives in another room. */
export function rankFindings(graph: Graph): readonly Finding[] {
  const findings: Finding[] = []
  for (const [path, edges] of graph) {
    if (!path.startsWith('src/')) continue
    const room = roomOf(path)
    if (room === null) {
      findings.push({ at: path, problem: 'is in no room: see the ranks in docs/architecture.md' })
      continue
    }
    for (const edge of edges) {
      const problem = edge.to === null ? libraryProblem(room, edge) : importProblem(room, edge.to)
      if (problem !== null) findings.push({ at: `${path}:${edge.line}`, problem })
    }
  }
  return findings
}

function importProblem(room: Room, to: string): string | null {
  const target = roomOf(to)
  if (target === null) return room.rank >= RIM ? null : `imports ${to}, which is outside src`
  if (target.name === room.name || target.rank < room.rank) return null
  // WHY: what all adapters share lies on the shelf itself and knows none of them.
  if (target.name === 'adapters' && room.name.startsWith('adapters/')) return null
  const how = target.rank > room.rank ? 'a higher rank' : 'the same rank'
  return `${room.name} (rank ${room.rank}) imports ${to}: ${target.name} has ${how} (${target.rank})`
}

function libraryProblem(room: Room, { specifier }: Edge): string | null {
  if (room.libraries.includes('*')) return null
  if (specifier === null) return 'imports something computed: nobody can check that'
  if (/^(node|cloudflare|npm|jsr|https?):/.test(specifier)) return `imports ${specifier} outside runtime and cli`
  const allowed = room.libraries.some((library) => specifier === library || specifier.startsWith(`${library}/`))
  return allowed ? null : `imports ${specifier}, which does not live in ${room.name}`
}

const AMBIENT: ReadonlySet<string> = new Set(['process', 'console', 'Deno', 'globalThis', 'Buffer'])
const AMBIENT_MEMBERS: ReadonlySet<string> = new Set([
  'Date.now',
  'Math.random',
  'performance.now',
  'crypto.getRandomValues',
  'crypto.randomUUID',
])
const BEFORE_EXPRESSION: ReadonlySet<string> = new Set(['?', '(', '=', '|', '&', '!', '+', '['])
const EXPRESSION_WORDS: ReadonlySet<string> = new Set(['await', 'return', 'case', 'typeof', 'void', 'yield', 'throw'])

/** Every use of the clock, of randomness, of the network and of the process outside runtime and cli. */
export function ambientFindings(files: FileMap): readonly Finding[] {
  const findings: Finding[] = []
  for (const [path, source] of files) {
    const room = roomOf(path)
    if (room === null || room.rank >= RIM || !path.endsWith('.ts')) continue
    const tokens = tokensOf(source).filter(({ kind }) => kind !== 'doc')
    for (const [index, { line }] of tokens.entries()) {
      const name = ambientAt(tokens, index)
      if (name !== null) findings.push({ at: `${path}:${line}`, problem: `uses ambient ${name}` })
    }
  }
  return findings
}

function ambientAt(tokens: readonly Token[], index: number): string | null {
  const { kind, text } = tokens[index] ?? { kind: 'mark', text: '' }
  const before = tokens[index - 1]?.text
  const after = tokens[index + 1]?.text
  if (kind !== 'word' || before === '.') return null
  if (AMBIENT.has(text)) return after === ':' && before !== '?' ? null : text
  const member = `${text}.${tokens[index + 2]?.text}`
  if (after === '.' && AMBIENT_MEMBERS.has(member)) return member
  if (text === 'Date' && before === 'new' && after === '(' && tokens[index + 2]?.text === ')') return 'new Date()'
  if (text === 'fetch') return isFetchUse(tokens, index) ? 'fetch' : null
  return null
}

function isFetchUse(tokens: readonly Token[], index: number): boolean {
  const starts = isExpressionStart(tokens[index - 1]) || isArrow(tokens, index - 1)
  if (tokens[index + 1]?.text !== '(') return starts && tokens[index + 1]?.text !== ':'
  let depth = 0
  let end = index + 1
  for (; end < tokens.length; end++) {
    if (tokens[end]?.text === '(' && tokens[end]?.kind === 'mark') depth++
    if (tokens[end]?.text === ')' && tokens[end]?.kind === 'mark' && --depth === 0) break
  }
  const next = tokens[end + 1]?.text
  // WHY: `fetch(url): Promise<Response>` and `fetch(url) {` declare a method; every other one asks the network.
  return starts || (next !== ':' && next !== '{')
}

function isExpressionStart(token: Token | undefined): boolean {
  if (token?.kind === 'mark') return BEFORE_EXPRESSION.has(token.text)
  return token?.kind === 'word' && EXPRESSION_WORDS.has(token.text)
}

function isArrow(tokens: readonly Token[], index: number): boolean {
  return tokens[index]?.text === '>' && tokens[index - 1]?.text === '='
}

/** Whether a bundle that begins at `entry` would carry one of these packages. */
export function bundleFindings(graph: Graph, entry: string, banned: readonly string[]): readonly Finding[] {
  return [...packagesReachableFrom(graph, entry)]
    .filter(([name]) => banned.some((ban) => name === ban || name.startsWith(`${ban}/`)))
    .map(([name, path]) => ({ at: path, problem: `brings ${name} into the bundle of ${entry}` }))
}

/** Every package beside `allowed` that a bundle that begins at `entry` would carry. */
export function strangerFindings(graph: Graph, entry: string, allowed: readonly string[]): readonly Finding[] {
  const strangers = [...packagesReachableFrom(graph, entry).keys()].filter((name) => !allowed.includes(name))
  return bundleFindings(graph, entry, strangers)
}
