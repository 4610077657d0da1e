import { describe, expect, test } from 'vitest'
import { graphOf } from './support/graph.ts'
import { ambientFindings, bundleFindings, rankFindings, strangerFindings } from './support/ranks.ts'
import { plant, ROOT, readTree } from './support/tree.ts'

const files = readTree(ROOT, ['src', 'hono.config.ts'])

function rankFindingsOf(tree: Readonly<Record<string, string>>): readonly string[] {
  return rankFindings(graphOf(readTree(plant(tree), ['src', 'hono.config.ts']))).map(
    ({ at, problem }) => `${at} ${problem}`,
  )
}

function ambientFindingsOf(source: string): readonly string[] {
  return ambientFindings(readTree(plant({ 'src/core/clock.ts': source }), ['src'])).map(({ problem }) => problem)
}

describe('the house', () => {
  test('rankFindings() finds nothing in this repository', () => {
    expect(rankFindings(graphOf(files))).toEqual([])
  })

  test('ambientFindings() finds nothing in this repository', () => {
    expect(ambientFindings(files)).toEqual([])
  })

  test('bundleFindings() finds neither yaml nor zod in the Worker', () => {
    expect(bundleFindings(graphOf(files), 'src/runtime/workers.ts', ['yaml', 'zod'])).toEqual([])
  })

  test('strangerFindings() finds nothing but jose in postern/verify, and finds jose', () => {
    expect(strangerFindings(graphOf(files), 'src/verify/index.ts', ['jose'])).toEqual([])
    expect(strangerFindings(graphOf(files), 'src/verify/index.ts', [])).toHaveLength(1)
  })

  test('graphOf() leads every relative import of this repository to a file or to what is generated', () => {
    const lost = [...graphOf(files)].flatMap(([path, edges]) =>
      edges
        .filter(({ to }) => to !== null && !files.has(to) && !to.startsWith('.postern/'))
        .map(({ to }) => [path, to]),
    )
    expect(lost).toEqual([])
  })
})

describe('planted imports', () => {
  test('rankFindings() names a planted upward import', () => {
    const tree = {
      'src/core/fold.ts': "import { decide } from '../policy/decide.ts'\nexport const fold = decide\n",
      'src/policy/decide.ts': 'export const decide = 1\n',
    }
    expect(rankFindingsOf(tree)).toEqual([
      'src/core/fold.ts:1 core (rank 0) imports src/policy/decide.ts: policy has a higher rank (1)',
    ])
  })

  test('rankFindings() names an upward import of a type alone', () => {
    const tree = {
      'src/ports/store.ts': "/** x */\nimport type { Config } from '../config/parse.ts'\nexport type A = Config\n",
      'src/config/parse.ts': 'export type Config = 1\n',
    }
    expect(rankFindingsOf(tree)).toEqual([
      'src/ports/store.ts:2 ports (rank 2) imports src/config/parse.ts: config has a higher rank (3)',
    ])
  })

  test('rankFindings() names an import between two rooms of rank 3', () => {
    const tree = { 'src/session/a.ts': "export * from '../pages/b.ts'\n", 'src/pages/b.ts': 'export const b = 1\n' }
    expect(rankFindingsOf(tree)).toEqual([
      'src/session/a.ts:1 session (rank 3) imports src/pages/b.ts: pages has the same rank (3)',
    ])
  })

  test('rankFindings() names an import between two rooms of rank 4', () => {
    const tree = { 'src/login/a.ts': "import '../admin/b.ts'\n", 'src/admin/b.ts': 'export const b = 1\n' }
    expect(rankFindingsOf(tree)).toEqual([
      'src/login/a.ts:1 login (rank 4) imports src/admin/b.ts: admin has the same rank (4)',
    ])
  })

  test('rankFindings() names an import between two adapters', () => {
    const tree = {
      'src/adapters/redis/a.ts': "import { b } from '../sqlite/b.ts'\nexport const a = b\n",
      'src/adapters/sqlite/b.ts': 'export const b = 1\n',
    }
    expect(rankFindingsOf(tree)).toHaveLength(1)
  })

  test('rankFindings() names an import of the command line by a runtime', () => {
    const tree = { 'src/runtime/a.ts': "import '../cli/b.ts'\n", 'src/cli/b.ts': 'export const b = 1\n' }
    expect(rankFindingsOf(tree)).toEqual([
      'src/runtime/a.ts:1 runtime (rank 6) imports src/cli/b.ts: cli has a higher rank (7)',
    ])
  })

  test('rankFindings() lets the command line start what a runtime builds', () => {
    const tree = { 'src/cli/a.ts': "import '../runtime/b.ts'\n", 'src/runtime/b.ts': 'export const b = 1\n' }
    expect(rankFindingsOf(tree)).toEqual([])
  })

  test('rankFindings() names an import of a runtime by the route table', () => {
    const tree = { 'src/app.ts': "import './runtime/b.ts'\n", 'src/runtime/b.ts': 'export const b = 1\n' }
    expect(rankFindingsOf(tree)).toEqual([
      'src/app.ts:1 app.ts (rank 5) imports src/runtime/b.ts: runtime has a higher rank (6)',
    ])
  })

  test('rankFindings() names an upward import() inside a function', () => {
    const tree = {
      'src/core/a.ts': "export const late = () => import('../app.ts')\n",
      'src/app.ts': 'export const app = 1\n',
    }
    expect(rankFindingsOf(tree)).toEqual([
      'src/core/a.ts:1 core (rank 0) imports src/app.ts: app.ts has a higher rank (5)',
    ])
  })

  test('rankFindings() names an import() nobody can follow', () => {
    expect(rankFindingsOf({ 'src/core/a.ts': 'export const late = (name: string) => import(name)\n' })).toEqual([
      'src/core/a.ts:1 imports something computed: nobody can check that',
    ])
  })

  test('rankFindings() names an import inside the expression of a template', () => {
    const source = 'export const a = async () => `$' + '{(await import("node:fs")).constants.F_OK}`\n'
    expect(rankFindingsOf({ 'src/core/a.ts': source })).toEqual([
      'src/core/a.ts:1 imports node:fs outside runtime and cli',
    ])
  })

  test('rankFindings() names node: modules in a pure room', () => {
    expect(rankFindingsOf({ 'src/session/a.ts': "import { readFileSync } from 'node:fs'\n" })).toEqual([
      'src/session/a.ts:1 imports node:fs outside runtime and cli',
    ])
  })

  test('rankFindings() names cloudflare: modules in a stage', () => {
    expect(rankFindingsOf({ 'src/pipeline/a.ts': "import { env } from 'cloudflare:workers'\n" })).toEqual([
      'src/pipeline/a.ts:1 imports cloudflare:workers outside runtime and cli',
    ])
  })

  test('rankFindings() names a library outside its room', () => {
    expect(rankFindingsOf({ 'src/session/a.ts': "import { SignJWT } from 'jose'\n" })).toEqual([
      'src/session/a.ts:1 imports jose, which does not live in session',
    ])
  })

  test('rankFindings() lets hono into routes files and nowhere else of a stage', () => {
    const tree = { 'src/login/routes.ts': "import 'hono'\n", 'src/login/start.ts': "import 'hono'\n" }
    expect(rankFindingsOf(tree)).toEqual(['src/login/start.ts:1 imports hono, which does not live in login'])
  })

  test('rankFindings() names a file that lies in no room', () => {
    expect(rankFindingsOf({ 'src/utils/a.ts': 'export const a = 1\n' })).toEqual([
      'src/utils/a.ts is in no room: see the ranks in docs/architecture.md',
    ])
  })

  test('rankFindings() names an import of a test by the source', () => {
    const tree = { 'src/core/a.ts': "import '../../test/support/b.ts'\n", 'test/support/b.ts': '' }
    expect(rankFindingsOf(tree)).toEqual(['src/core/a.ts:1 imports test/support/b.ts, which is outside src'])
  })

  test('rankFindings() is not fooled by comments, strings, regular expressions and members', () => {
    const source = [
      "// import { a } from '../policy/a.ts'",
      "/* export * from '../policy/a.ts' */",
      'const one = "import \'../policy/a.ts\'"',
      "const two = /[/'\"`]import '..\\/policy'/",
      'const three = `import "../policy/a.ts"`',
      "const four = three.import('../policy/a.ts')",
      'export const five = [one, two, three, four, 8 / 2 / 1]',
    ]
    expect(rankFindingsOf({ 'src/core/a.ts': `${source.join('\n')}\n` })).toEqual([])
  })

  test('bundleFindings() finds a library two imports away from the Worker', () => {
    const tree = plant({
      'src/runtime/workers.ts': "import { load } from '../policy/load.ts'\nexport default load\n",
      'src/policy/load.ts': "export { source as load } from './source.ts'\n",
      'src/policy/source.ts': "import { parse } from 'yaml'\nexport const source = parse\n",
    })
    const graph = graphOf(readTree(tree, ['src']))
    expect(bundleFindings(graph, 'src/runtime/workers.ts', ['yaml', 'zod'])).toEqual([
      { at: 'src/policy/source.ts', problem: 'brings yaml into the bundle of src/runtime/workers.ts' },
    ])
  })

  test('bundleFindings() lets a type pass, which is gone in the bundle', () => {
    const tree = plant({ 'src/runtime/workers.ts': "import type { ZodType } from 'zod'\nexport type A = ZodType\n" })
    expect(bundleFindings(graphOf(readTree(tree, ['src'])), 'src/runtime/workers.ts', ['yaml', 'zod'])).toEqual([])
  })
})

describe('planted strangers of postern/verify', () => {
  const found = (tree: Readonly<Record<string, string>>) => {
    const graph = graphOf(readTree(plant({ 'src/verify/index.ts': "export * from './http.ts'\n", ...tree }), ['src']))
    return strangerFindings(graph, 'src/verify/index.ts', ['jose']).map(({ at, problem }) => `${at} ${problem}`)
  }

  test('rankFindings() names hono in postern/verify', () => {
    expect(rankFindingsOf({ 'src/verify/a.ts': "import { createMiddleware } from 'hono/factory'\n" })).toEqual([
      'src/verify/a.ts:1 imports hono/factory, which does not live in verify',
    ])
  })

  test('strangerFindings() names a package beside jose, and a module of a runtime', () => {
    const http = "import 'jose'\nimport { createMiddleware } from 'hono/factory'\nexport { inspect } from 'node:util'\n"
    expect(found({ 'src/verify/http.ts': http })).toEqual([
      'src/verify/http.ts brings hono/factory into the bundle of src/verify/index.ts',
      'src/verify/http.ts brings node:util into the bundle of src/verify/index.ts',
    ])
  })

  test('strangerFindings() names a package that comes by way of another room, and one that is computed', () => {
    const core = "import { z } from 'zod'\nexport const late = (name: string) => [z, import(name)]\n"
    expect(found({ 'src/verify/http.ts': "import '../core/a.ts'\n", 'src/core/a.ts': core })).toEqual([
      'src/core/a.ts brings zod into the bundle of src/verify/index.ts',
      'src/core/a.ts brings (computed) into the bundle of src/verify/index.ts',
    ])
  })

  test('strangerFindings() lets types pass, which are gone at run time', () => {
    expect(found({ 'src/verify/http.ts': "import type { Context } from 'hono'\nexport type A = Context\n" })).toEqual(
      [],
    )
  })
})

describe('planted ambience', () => {
  test('ambientFindings() names the clock', () => {
    expect(ambientFindingsOf('export const now = () => Date.now()\n')).toEqual(['uses ambient Date.now'])
  })

  test('ambientFindings() names a Date of now', () => {
    expect(ambientFindingsOf('export const now = () => new Date()\n')).toEqual(['uses ambient new Date()'])
  })

  test('ambientFindings() lets a Date of a given moment pass', () => {
    expect(ambientFindingsOf('export const at = (ms: number) => new Date(ms)\n')).toEqual([])
  })

  test('ambientFindings() names randomness', () => {
    const source = 'export const a = Math.random()\nexport const b = crypto.getRandomValues(new Uint8Array(2))\n'
    expect(ambientFindingsOf(source)).toEqual(['uses ambient Math.random', 'uses ambient crypto.getRandomValues'])
  })

  test('ambientFindings() names the process, the console and Deno', () => {
    const source = 'console.log(process.env, Deno.args)\n'
    expect(ambientFindingsOf(source)).toEqual(['uses ambient console', 'uses ambient process', 'uses ambient Deno'])
  })

  test('ambientFindings() names a call of fetch', () => {
    expect(ambientFindingsOf('export const get = async (url: string) => await fetch(url)\n')).toEqual([
      'uses ambient fetch',
    ])
  })

  test('ambientFindings() names a call of fetch in a conditional expression', () => {
    expect(ambientFindingsOf('export const get = (url: string) => (url ? fetch(url) : null)\n')).toEqual([
      'uses ambient fetch',
    ])
  })

  test('ambientFindings() names fetch handed on as a value', () => {
    expect(ambientFindingsOf('export const port = { get: 1, send: (0, 1) }\nexport const own = fetch\n')).toEqual([
      'uses ambient fetch',
    ])
  })

  test('ambientFindings() lets a fetch of the runtime and a declared method pass', () => {
    const source = [
      'export interface Port {',
      '  now(): number',
      '  fetch(url: string): Promise<Response>',
      '}',
      'export const get = (port: Port) => port.fetch("https://example.com")',
      'export const made: Port = { now: () => 1, fetch(url) { throw new Error(url) } }',
      '',
    ]
    expect(ambientFindingsOf(source.join('\n'))).toEqual([])
  })

  test('ambientFindings() finds ambience inside the expression of a template', () => {
    expect(ambientFindingsOf('export const a = `at $' + '{Date.now()}`\n')).toEqual(['uses ambient Date.now'])
  })

  test('ambientFindings() lets the rim touch the world', () => {
    const tree = plant({ 'src/runtime/node.ts': 'console.log(Date.now())\n', 'src/cli/main.ts': 'process.exit(0)\n' })
    expect(ambientFindings(readTree(tree, ['src']))).toEqual([])
  })
})
