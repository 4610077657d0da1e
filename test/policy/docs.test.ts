import { expect, test } from 'vitest'
import { pretend } from '../../src/policy/callers.ts'
import { type Checked, checkPolicy } from '../../src/policy/compile.ts'
import { explain, formatExplanation } from '../../src/policy/explain.ts'
import { loadPolicy } from '../../src/policy/policy.ts'
import { formatProblems } from '../../src/policy/print.ts'
import { runPolicyTests, testProblems } from '../../src/policy/run-tests.ts'
import { jsonSchema } from '../../src/policy/schema.ts'
import { factsOf, fileText, HOST, KNOWN } from './support.ts'

const page = fileText('docs/policies.md')
const fences = [...page.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(([, info = '', text = '']) => ({ info, text }))
const roles = fences.find((fence) => fence.info === 'yaml roles')?.text ?? ''
const files = fences.filter((fence) => fence.info === 'yaml').map((fence) => fence.text)
const rules = fences.filter((fence) => fence.info === 'yaml rule').map((fence) => fence.text)

async function check(text: string): Promise<Checked> {
  return checkPolicy(
    [
      { name: 'policies/roles.yaml', text: roles },
      { name: 'policies/rules.yaml', text },
    ],
    KNOWN,
  )
}

function asFile(items: string): string {
  return `upstream: game\nrules:\n${items.replaceAll(/^(?=.)/gm, '  ')}`
}

test('the page has its examples', () => {
  expect([files.length, rules.length]).toEqual([2, 8])
})

test.each(files)('docs/policies.md: the file example compiles and its tests pass: %#', async (text) => {
  const checked = await check(text)
  expect(formatProblems(checked.problems)).toBe('')
  if (checked.bundle === null) return
  const results = runPolicyTests(checked.bundle, checked.parts, { host: HOST, attributes: KNOWN.attributes })
  expect(results.length).toBeGreaterThan(0)
  expect(formatProblems(testProblems(results))).toBe('')
})

test.each(rules)('docs/policies.md: the rule example compiles: %#', async (text) => {
  expect(formatProblems((await check(asFile(text))).problems)).toBe('')
})

test('docs/policies.md shows explain as it is', async () => {
  const { bundle } = await check(files[0] ?? '')
  if (bundle === null) throw new Error('the tutorial does not compile')
  const facts = factsOf('DELETE /players/7', pretend('player', bundle))
  expect(page).toContain(formatExplanation(explain(loadPolicy(bundle, {}), facts)))
})

test('docs/policies.md shows a problem as it is', async () => {
  const text = 'upstream: game\nrules:\n  - path: /rooms\n    methods: GET\n    permission: players.edti\n'
  const files = [
    { name: 'policies/roles.yaml', text: roles },
    { name: 'policies/rooms.yaml', text },
  ]
  expect(page).toContain(formatProblems((await checkPolicy(files, KNOWN)).problems))
})

/** Keys of every map in the published schema, with the maps they stand in. */
function keys(schema: unknown, into: Set<string>): Set<string> {
  if (typeof schema !== 'object' || schema === null) return into
  for (const [name, part] of Object.entries(schema)) {
    if (name === 'properties' && typeof part === 'object' && part !== null)
      for (const key of Object.keys(part)) into.add(key)
    keys(part, into)
  }
  return into
}

test('docs/policies.md mentions every key of the language', () => {
  const missing = [...keys(jsonSchema(), new Set())].filter((key) => !page.includes(`\`${key}\``))
  expect(missing).toEqual([])
})

test('docs/policies.md lists every code that check can report', () => {
  const sources = [
    'source',
    'form',
    'roles',
    'rules',
    'rule-checks',
    'rule-params',
    'rule-demands',
    'rule-when',
    'paths',
  ]
  const more = ['conflicts', 'test-checks', 'run-tests', 'policy']
  const text = [...sources, ...more].map((name) => fileText(`src/policy/${name}.ts`)).join('\n')
  const codes = new Set([...text.matchAll(/PST2\d\d/g)].map(([code]) => code))
  expect([...codes].filter((code) => !page.includes(code))).toEqual([])
})
