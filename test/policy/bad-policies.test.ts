import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { checkPolicy } from '../../src/policy/compile.ts'
import { formatProblems } from '../../src/policy/print.ts'
import { dice } from './reference.ts'
import { fileText, KNOWN, ROLES } from './support.ts'

const folder = 'test/corpora/policies-bad'
const expected = fileText(`${folder}/expected.txt`).trim().split('\n')
const names = readdirSync(new URL(`../../${folder}`, import.meta.url)).filter((name) => name.endsWith('.yaml'))

async function findings(name: string, text: string): Promise<string> {
  const checked = await checkPolicy(
    [
      { name: 'roles.yaml', text: ROLES },
      { name, text },
    ],
    KNOWN,
  )
  return formatProblems(checked.problems)
}

test('the corpus of bad policies has its forty files', () => {
  expect(names.length).toBeGreaterThanOrEqual(40)
})

test.each(names)('checkPolicy() says where %s is wrong, with a code and a hint', async (name) => {
  const wanted = expected.filter((line) => line.startsWith(`${name}:`))
  expect(wanted.length).toBeGreaterThan(0)
  expect(await findings(name, fileText(`${folder}/${name}`))).toBe(wanted.join('\n'))
})

test('checkPolicy() refuses a file of ten megabytes unread', async () => {
  const text = `upstream: game\nrules:\n${'  - path: /x\n'.repeat(806_597)}`
  expect(await findings('big.yaml', text)).toBe(
    `big.yaml:1:1: PST200 file of ${text.length} bytes; at most 1048576 are read; split it into several files`,
  )
})

test('checkPolicy() reads a file of one mebibyte and refuses one byte more', async () => {
  const text = 'upstream: game\nrules:\n  - path: /x\n'
  const full = `${text}#${'x'.repeat(1_048_576 - text.length - 2)}\n`
  expect(await findings('full.yaml', full)).toBe('')
  expect(await findings('full.yaml', `${full}\n`)).toContain('PST200')
})

test('checkPolicy() counts bytes, not characters', async () => {
  expect(await findings('umlauts.yaml', `#${'ä'.repeat(600_000)}\n`)).toContain('PST200 file of 1200002 bytes')
})

test('checkPolicy() reports the problems of every file at once', async () => {
  const checked = await checkPolicy(
    [
      { name: 'roles.yaml', text: ROLES },
      { name: 'b.yaml', text: 'upstream: gmae\nrules: []\n' },
      { name: 'a.yaml', text: '\tx: 1\n' },
    ],
    KNOWN,
  )
  expect(checked.bundle).toBeNull()
  expect(checked.problems.map((problem) => `${problem.file} ${problem.code}`)).toEqual([
    'a.yaml PST201',
    'b.yaml PST206',
    'b.yaml PST264',
  ])
})

const BITS = [
  '- ',
  '\n',
  ':',
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  '*',
  '&a',
  '~',
  '-1',
  '/',
  '%',
  '__proto__: 1',
  '|',
  '\t',
  '\u0000',
  '',
]

test('checkPolicy() never throws, and gives either a bundle or an error with a place, on 150 damaged files', async () => {
  const roll = dice(31)
  const whole = fileText('policies/examples/platform/api.yaml').split('tests:')[0] ?? ''
  const roles = { name: 'roles.yaml', text: fileText('policies/examples/platform/roles.yaml') }
  const known = { ...KNOWN, upstreams: [{ name: 'site' }] }
  for (let round = 0; round < 150; round++) {
    const at = roll(whole.length)
    const text = whole.slice(0, at) + (BITS[roll(BITS.length)] ?? '') + whole.slice(at + roll(4))
    const checked = await checkPolicy([roles, { name: 'api.yaml', text }], known)
    const errors = checked.problems.filter((problem) => problem.severity === 'error')
    expect(checked.bundle === null).toBe(errors.length > 0)
    expect(errors.every((problem) => problem.line >= 1 && problem.column >= 1)).toBe(true)
  }
})
