import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { describe, expect, test } from 'vitest'
import { plant, ROOT } from './support/tree.ts'

const CONFIG = `export default { test: { projects: [{ test: { name: 'structure', include: ['test/structure/*.test.ts'] } }] } }\n`

interface Ended {
  readonly status: number | null
  readonly lines: readonly string[]
}

/** The runner in a tree of its own with these tests, as if it were a repository. */
function runWith(tests: Readonly<Record<string, string>>, suites: readonly string[], ci: 'true' | 'false'): Ended {
  const root = plant({ 'vitest.config.ts': CONFIG, 'package.json': '{ "type": "module" }', ...tests })
  cpSync(join(ROOT, 'test/run.mjs'), join(root, 'test/run.mjs'))
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  chmodSync(join(root, 'test/run.mjs'), 0o644)
  const { status, stdout } = spawnSync(process.execPath, [join(root, 'test/run.mjs'), ...suites], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', CI: ci },
  })
  return { status, lines: stdout.trimEnd().split('\n') }
}

const GOOD =
  "import { expect, test } from 'vitest'\ntest('one', () => expect(1).toBe(1))\ntest('two', () => expect(2).toBe(2))\n"

/** A test that leaves itself out while it runs, as those do that miss a language: the one way tests of this repository have. */
const LEFT_OUT = `${GOOD}test('three', ({ skip }) => skip('missing here'))\n`

describe('the runner', { timeout: 60_000 }, () => {
  test('ends with the sum, alone on its line', () => {
    const { status, lines } = runWith({ 'test/structure/a.test.ts': GOOD }, ['structure'], 'true')
    expect([status, lines.at(-1)]).toEqual([0, '2 passed, 0 failed'])
  })

  test('counts and names what failed', () => {
    const bad = `${GOOD}test('three', () => expect(3).toBe(4))\n`
    const { status, lines } = runWith({ 'test/structure/a.test.ts': bad }, ['structure'], 'false')
    expect([status, lines.at(-1)]).toEqual([1, '2 passed, 1 failed'])
    expect(lines).toContain('  test/structure/a.test.ts: three')
  })

  test('counts a file that does not load as failed', () => {
    const { status, lines } = runWith(
      { 'test/structure/a.test.ts': GOOD, 'test/structure/b.test.ts': "throw new Error('no')\n" },
      ['structure'],
      'false',
    )
    expect([status, lines.at(-1)]).toEqual([1, '2 passed, 1 failed'])
  })

  test('names a test that leaves itself out and lets it be where nobody is strict', () => {
    const { status, lines } = runWith({ 'test/structure/a.test.ts': LEFT_OUT }, ['structure'], 'false')
    expect([status, lines.at(-1)]).toEqual([0, '2 passed, 0 failed'])
    expect(lines).toContain('  test/structure/a.test.ts: three')
  })

  test('counts a test that leaves itself out, or is only planned, as failed under CI=true', () => {
    const both = `${LEFT_OUT}test('four', { todo: true })\n`
    const { status, lines } = runWith({ 'test/structure/a.test.ts': both }, ['structure'], 'true')
    expect([status, lines.at(-1)]).toEqual([1, '2 passed, 2 failed'])
  })

  test('counts a suite without a test as failed under CI=true', () => {
    const { status, lines } = runWith({ 'test/structure/a.test.ts': GOOD }, ['structure', 'browser'], 'true')
    expect([status, lines.at(-1)]).toEqual([1, '2 passed, 1 failed'])
    expect(lines).toContain('  suite browser: no test in test/browser')
  })

  test('says what no machine runs, and counts it as nothing', () => {
    const files = { 'test/structure/a.test.ts': GOOD, 'test/not-run.txt': '# why\ndocs/a.cs: no .NET\n' }
    const { status, lines } = runWith(files, ['structure'], 'true')
    expect([status, lines.at(-1)]).toEqual([0, '2 passed, 0 failed'])
    expect(lines).toContain('  docs/a.cs: no .NET')
  })

  test('refuses a suite it does not know with status 2', () => {
    expect(runWith({ 'test/structure/a.test.ts': GOOD }, ['unti'], 'true').status).toBe(2)
  })
})
