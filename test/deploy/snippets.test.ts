import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseDocument } from 'yaml'

// Whatever stands on a page as code is checked as its reader would use it: against the types of the package as it is built.

/** A fenced block of a page. */
interface Snippet {
  readonly at: string
  readonly page: string
  readonly language: string
  readonly text: string
}

function pages(): readonly string[] {
  const below = readdirSync('docs', { recursive: true, encoding: 'utf8' }).map((name) => `docs/${name}`)
  return ['README.md', 'deploy/demo/README.md', ...below].filter((path) => path.endsWith('.md'))
}

function snippetsOf(page: string): readonly Snippet[] {
  const source = readFileSync(page, 'utf8')
  return [...source.matchAll(/^( *)```(\w+).*\n([\s\S]*?)^ *```$/gm)].map(
    ({ 1: indent = '', 2: language = '', 3: text = '', index }) => ({
      at: `${page}:${source.slice(0, index).split('\n').length}`,
      page,
      language,
      text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    }),
  )
}

const all = pages().flatMap(snippetsOf)
const inLanguage = (...names: string[]) => all.filter(({ language }) => names.includes(language))
const code = inLanguage('ts', 'js')

const VERIFY = "import { verify } from '../node/postern-verify.mjs'"

/** What a snippet takes for granted because its page said it before, by the page and how the snippet begins. */
const GIVEN: readonly (readonly [page: string, begins: string, given: string])[] = [
  [
    'docs/upstreams/README.md',
    'import',
    `declare const app: import('hono').Hono & {
      use(handler: (request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse,
        next: (error?: unknown) => void) => unknown): void
    }`,
  ],
  [
    'docs/upstreams/messages.md',
    'const seen',
    `import { guard, type GuardOptions } from 'postern/verify'
     declare const options: GuardOptions
     declare const handler: (request: Request) => Response`,
  ],
  ['docs/upstreams/presets.md', 'generateCredentials', `${VERIFY}\nimport { randomUUID } from 'node:crypto'`],
  ['docs/sockets.md', 'const FINAL', 'declare function showEnded(code: number, reason: string): void'],
  ['docs/sockets.md', 'new WebSocket', 'declare const ticket: string, protocol: string'],
  [
    'docs/library.md',
    'const eu',
    `import { postern } from 'postern'
     import type { GatewayDefinition } from 'postern/config'
     import bundle from './.postern/policies.json' with { type: 'json' }
     declare const euDefinition: GatewayDefinition`,
  ],
]

function isPartOfConfig({ text }: Snippet): boolean {
  return /^\w+: /.test(text)
}

/** A module that says what the snippet says. */
function moduleOf(snippet: Snippet): string {
  const { page, language, text } = snippet
  const given = GIVEN.filter(([of, begins]) => of === page && text.startsWith(begins)).map(([, , before]) => before)
  const own = text.replaceAll("'./src/config/define.ts'", "'postern/config'")
  if (!isPartOfConfig(snippet)) return [...given, own, 'export {}'].join('\n')
  const type = language === 'ts' ? ': Partial<GatewayInput>' : ''
  const imports = language === 'ts' ? "import { secret, type GatewayInput } from 'postern/config'" : ''
  return [imports, ...given, `export const part${type} = {`, own, '}'].join('\n')
}

/** How each kind of snippet is compiled: for Workers, as strict TypeScript, or as JavaScript, which infers and never insists. */
function projectOf({ page, language }: Snippet): 'workers' | 'typescript' | 'javascript' {
  if (page === 'docs/library.md') return 'workers'
  return language === 'ts' ? 'typescript' : 'javascript'
}

const COMPILED = {
  workers: { customConditions: ['workerd'], types: ['@cloudflare/workers-types'], lib: ['es2024'], strict: true },
  typescript: { types: ['node'], lib: ['es2024', 'dom', 'dom.iterable'], strict: true },
  javascript: { types: ['node'], lib: ['es2024', 'dom', 'dom.iterable'], strict: false },
}

const nameOf = ({ at }: Snippet) => at.replaceAll(/[/:]/g, '_')

const home = mkdtempSync(join(tmpdir(), 'postern-snippets-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

function tsc(...args: readonly string[]): string {
  const done = spawnSync(process.execPath, [resolve('node_modules/typescript/bin/tsc'), ...args], { encoding: 'utf8' })
  return done.stdout + done.stderr
}

describe('code on the pages', () => {
  let findings = ''

  beforeAll(() => {
    const built = join(home, 'node_modules/postern')
    mkdirSync(built, { recursive: true })
    cpSync('package.json', join(built, 'package.json'))
    for (const project of ['tsconfig.build.json', 'tsconfig.build-workers.json'])
      expect(tsc('-p', project, '--outDir', join(built, 'dist'))).toBe('')
    for (const name of readdirSync('node_modules')) {
      if (!name.startsWith('.')) symlinkSync(resolve('node_modules', name), join(home, 'node_modules', name))
    }
    cpSync('docs/upstreams/node', join(home, 'node'), { recursive: true })
    const fixed = {
      target: 'es2024',
      module: 'nodenext',
      moduleResolution: 'nodenext',
      resolveJsonModule: true,
      allowImportingTsExtensions: true,
      allowJs: true,
      skipLibCheck: true,
      noEmit: true,
    }
    for (const [project, compilerOptions] of Object.entries(COMPILED)) {
      const folder = join(home, project)
      mkdirSync(join(folder, '.postern'), { recursive: true })
      writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
      writeFileSync(join(folder, '.postern/policies.json'), '{}')
      cpSync('deploy/library/hono.config.ts', join(folder, 'hono.config.ts'))
      for (const snippet of code.filter((one) => projectOf(one) === project))
        writeFileSync(join(folder, `${nameOf(snippet)}.ts`), moduleOf(snippet))
      const settings = { compilerOptions: { ...fixed, ...compilerOptions }, include: ['*.ts'] }
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings))
      findings += tsc('-p', folder, '--pretty', 'false')
    }
  }, 60_000)

  test('is there, and nothing is taken for granted in vain', () => {
    expect(code.length).toBeGreaterThan(25)
    const unused = GIVEN.filter(
      ([page, begins]) => !code.some((one) => one.page === page && one.text.startsWith(begins)),
    )
    expect(unused).toEqual([])
  })

  test.each(code.map((snippet) => [snippet.at, snippet] as const))('%s compiles', (_, snippet) => {
    expect(findings.split('\n').filter((line) => line.includes(`${nameOf(snippet)}.ts(`))).toEqual([])
  })

  test('the compiler has nothing else to say', () => {
    const ours = code.map((snippet) => `${nameOf(snippet)}.ts(`)
    const other = findings.split('\n').filter((line) => line.trim() !== '' && !ours.some((name) => line.includes(name)))
    expect(other).toEqual([])
  })
})

test.each(inLanguage('json').map(({ at, text }) => [at, text] as const))('%s is JSON', (_, text) => {
  expect(() => JSON.parse(text)).not.toThrow()
})

test.each(inLanguage('yaml').map(({ at, text }) => [at, text] as const))('%s is YAML', (_, text) => {
  expect(parseDocument(text).errors).toEqual([])
})

test.each(inLanguage('toml').map(({ at, text }) => [at, text] as const))('%s stands in wrangler.toml', (_, text) => {
  const real = readFileSync('wrangler.toml', 'utf8').split('\n')
  const shown = text.split('\n').map((line) => line.replace(/ +#.*$/, ''))
  expect(shown.filter((line) => line !== '' && !real.includes(line))).toEqual([])
  expect(real.filter((line) => /^(compatibility_flags|name = "S|class_name|new_sqlite)/.test(line))).toEqual(
    shown.filter((line) => /^(compatibility_flags|name|class_name|new_sqlite)/.test(line)),
  )
})

/** Languages whose blocks are checked: here, or by the tests that these comments name. */
const CHECKED: ReadonlySet<string> = new Set([
  ...['ts', 'js', 'json', 'toml'],
  'yaml', // form here; policies in test/policy/docs.test.ts, test/cli/docs.test.ts, test/runtime/readme.test.ts
  'console', // test/cli/docs.test.ts
  ...['python', 'go', 'java', 'csharp', 'php', 'nginx'], // test/verify/languages.test.ts, test/verify/sidecar.test.ts
  ...['html', 'css'], // test/pages/override.test.ts, test/pages/style.test.ts
  'text', // what programs print
])

test('no page has a block in a language that nobody checks', () => {
  expect(all.filter(({ language }) => !CHECKED.has(language)).map(({ at, language }) => `${at}: ${language}`)).toEqual(
    [],
  )
})
