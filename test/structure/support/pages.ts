import { type FileMap, type Finding, RANKS } from './house.ts'
import { type Token, tokensOf } from './tokens.ts'

/** How long files may be: the first pattern that fits counts. */
const LENGTHS: readonly (readonly [RegExp, number])[] = [
  [/^src\/app\.ts$/, 90],
  [/^src\/pipeline\/authorize\.ts$/, 90],
  [/^src\/runtime\/(workers|deno|node)\.ts$/, 120],
  [/^src\/.*\.ts$/, 300],
  [/^test\/.*\.(ts|mjs)$/, 600],
  [/^deploy\/.*\.(ts|mjs)$/, 300],
]

/** Lines of a text; a last line without its line break counts too. */
export function lineCount(text: string): number {
  const parts = text.split('\n')
  return parts.at(-1) === '' ? parts.length - 1 : parts.length
}

/** Every file that is longer than its kind may be. */
export function lengthFindings(files: FileMap): readonly Finding[] {
  const findings: Finding[] = []
  for (const [path, text] of files) {
    const limit = LENGTHS.find(([pattern]) => pattern.test(path))?.[1]
    const lines = lineCount(text)
    if (limit !== undefined && lines > limit)
      findings.push({ at: path, problem: `has ${lines} lines, ${limit} are allowed` })
  }
  return findings
}

const DECLARES = /^(async|function|const|let|class|abstract|type|interface|default|declare)$/

/** Every export of a file below `src` without a docstring of its own. Re-exports are documented where they are made. */
export function exportFindings(files: FileMap): readonly Finding[] {
  const findings: Finding[] = []
  for (const [path, source] of files) {
    if (!path.startsWith('src/') || !path.endsWith('.ts')) continue
    const tokens = tokensOf(source)
    const told = new Set<string>()
    for (const [index, token] of tokens.entries()) {
      if (!isExport(tokens, index)) continue
      const name = nameOf(tokens, index)
      const isTold = isDocstring(tokens[index - 1]) || told.has(name)
      if (isTold) told.add(name)
      else findings.push({ at: `${path}:${token.line}`, problem: `exports ${name} without a docstring` })
    }
  }
  return findings
}

function isExport(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index]
  const next = tokens[index + 1]
  const afterNext = tokens[index + 2]
  if (token?.kind !== 'word' || token.text !== 'export' || tokens[index - 1]?.text === '.') return false
  const isReExport = next?.text === 'type' && afterNext?.kind === 'mark'
  return next?.kind === 'word' && DECLARES.test(next.text) && !isReExport
}

function isDocstring(token: Token | undefined): boolean {
  return token?.kind === 'doc' && /[A-Za-z]{2}/.test(token.text)
}

function nameOf(tokens: readonly Token[], index: number): string {
  const isName = ({ kind, text }: Token) => kind === 'word' && !DECLARES.test(text)
  const isDefault = tokens[index + 1]?.text === 'default'
  return isDefault ? 'default' : (tokens.slice(index + 1, index + 5).find(isName)?.text ?? '?')
}

/** Test folders that are about no room: what they hold is said in docs/architecture.md. */
const TEST_FOLDERS: ReadonlySet<string> = new Set([
  'contract',
  'corpora',
  'attack',
  'workers',
  'browser',
  'structure',
  'support',
  'deploy',
  'vectors',
  'bench',
])
/** Folders beside the tests of a room, with whatever lies below them. */
const BESIDE_TESTS: ReadonlySet<string> = new Set(['support', 'fixtures', 'languages'])

/** Test folders without a room, and rooms without a test. Ports are types only. */
export function mirrorFindings(files: FileMap): readonly Finding[] {
  const paths = [...files.keys()]
  const folders = new Set(paths.map((path) => path.split('/').slice(0, -1).join('/')))
  const sources = new Set([...folders].filter((folder) => folder.startsWith('src/')))
  const findings: Finding[] = []
  for (const folder of folders) {
    const [top, room = '', ...rest] = folder.split('/')
    if (top !== 'test' || room === '' || TEST_FOLDERS.has(room)) continue
    const beside = rest.findIndex((part) => BESIDE_TESTS.has(part))
    const mirrored = ['src', room, ...(beside === -1 ? rest : rest.slice(0, beside))].join('/')
    const isRoom = [...sources].some((source) => source === mirrored || source.startsWith(`${mirrored}/`))
    const isBlackBox = room === 'runtime'
    if (!isRoom && !isBlackBox) findings.push({ at: folder, problem: `mirrors ${mirrored}, which does not exist` })
  }
  for (const room of Object.keys(RANKS)) {
    const isPresent = paths.some((path) => path.startsWith(`src/${room}/`))
    const isTested = paths.some((path) => path.startsWith(`test/${room}/`) && path.endsWith('.test.ts'))
    if (isPresent && !isTested && room !== 'ports')
      findings.push({ at: `src/${room}`, problem: `has no test in test/${room}` })
  }
  return findings
}
