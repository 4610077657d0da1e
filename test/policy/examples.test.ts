import { expect, test } from 'vitest'
import { type Checked, checkPolicy } from '../../src/policy/compile.ts'
import type { Known } from '../../src/policy/known.ts'
import { formatProblems } from '../../src/policy/print.ts'
import { runPolicyTests, testProblems } from '../../src/policy/run-tests.ts'
import { fileText, KNOWN } from './support.ts'

const known: Known = { ...KNOWN, upstreams: [{ name: 'game' }, { name: 'site' }, { name: 'mud' }] }

async function check(names: readonly string[]): Promise<Checked> {
  return checkPolicy(
    names.map((name) => ({ name: `policies/${name}`, text: fileText(`policies/${name}`) })),
    known,
  )
}

async function run(names: readonly string[]): Promise<{ readonly ran: number; readonly failed: string }> {
  const checked = await check(names)
  if (checked.bundle === null) return { ran: 0, failed: formatProblems(checked.problems) }
  const results = runPolicyTests(checked.bundle, checked.parts, { host: 'play.example.com', attributes: {} })
  return { ran: results.length, failed: formatProblems(testProblems(results)) }
}

test('runPolicyTests() passes every test of the deployment', async () => {
  const { ran, failed } = await run(['roles.yaml', 'game.yaml'])
  expect(failed).toBe('')
  expect(ran).toBeGreaterThan(25)
})

test('runPolicyTests() passes sections 3.6 and 3.7 for five roles and nobody', async () => {
  const { ran, failed } = await run(['roles', 'admin', 'api'].map((name) => `examples/platform/${name}.yaml`))
  expect(failed).toBe('')
  expect(ran).toBeGreaterThan(340)
})

test('runPolicyTests() passes the second reading of /admin/players (3.6 browse)', async () => {
  const { ran, failed } = await run(['roles', 'admin'].map((name) => `examples/platform-browse/${name}.yaml`))
  expect(failed).toBe('')
  expect(ran).toBeGreaterThan(130)
})

test('runPolicyTests() passes sections 3.3 and 3.4 for four roles and nobody, with and without a character', async () => {
  const { ran, failed } = await run(['roles', 'game', 'admin'].map((name) => `examples/mud/${name}.yaml`))
  expect(failed).toBe('')
  expect(ran).toBeGreaterThan(600)
})

test('checkPolicy() warns about roles and levels only where a permission of that area exists (A25)', async () => {
  const checked = await check(['roles', 'admin', 'api'].map((name) => `examples/platform/${name}.yaml`))
  expect(checked.problems.map((problem) => [problem.code, problem.severity, problem.message])).toEqual([
    ['PST260', 'warning', '"/admin" is guarded by minLevel alone'],
    ['PST260', 'warning', '"/api/demo/*" is guarded by role alone'],
  ])
  const mud = await check(['roles', 'game', 'admin'].map((name) => `examples/mud/${name}.yaml`))
  expect(mud.problems).toEqual([])
})

test('runPolicyTests() reports a failing test with its place, what was expected and what came', async () => {
  const text =
    'upstream: game\nrules:\n  - { path: /x }\ntests:\n  - name: open\n    request: GET /x\n    expect: allow\n'
  const roles = fileText('policies/roles.yaml')
  const checked = await checkPolicy(
    [
      { name: 'roles.yaml', text: roles },
      { name: 'x.yaml', text },
    ],
    known,
  )
  if (checked.bundle === null) throw new Error(formatProblems(checked.problems))
  expect(
    formatProblems(testProblems(runPolicyTests(checked.bundle, checked.parts, { host: '', attributes: {} }))),
  ).toBe('x.yaml:7:13: PST271 test "open" failed: GET /x as nobody: expected allow; got needs-session 401, by * /x')
})
