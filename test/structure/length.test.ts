import { expect, test } from 'vitest'
import { lengthFindings, lineCount } from './support/pages.ts'
import { plant, ROOT, readTree } from './support/tree.ts'

function lengthFindingsOf(path: string, lines: number): readonly unknown[] {
  return lengthFindings(readTree(plant({ [path]: '// a line\n'.repeat(lines) }), ['src', 'test', 'deploy']))
}

test('lengthFindings() finds nothing in this repository', () => {
  expect(lengthFindings(readTree(ROOT, ['src', 'test', 'deploy']))).toEqual([])
})

test('lengthFindings() names a planted source of 301 lines', () => {
  expect(lengthFindingsOf('src/core/long.ts', 301)).toEqual([
    { at: 'src/core/long.ts', problem: 'has 301 lines, 300 are allowed' },
  ])
})

test('lengthFindings() lets a source of 300 lines pass', () => {
  expect(lengthFindingsOf('src/core/long.ts', 300)).toEqual([])
})

test('lengthFindings() names a test of 601 lines', () => {
  expect(lengthFindingsOf('test/core/long.test.ts', 601)).toHaveLength(1)
})

test('lengthFindings() lets a test of 600 lines pass', () => {
  expect(lengthFindingsOf('test/core/long.test.ts', 600)).toEqual([])
})

test('lengthFindings() names a route table of 91 lines', () => {
  expect(lengthFindingsOf('src/app.ts', 91)).toHaveLength(1)
})

test('lengthFindings() names a hot path of 91 lines', () => {
  expect(lengthFindingsOf('src/pipeline/authorize.ts', 91)).toHaveLength(1)
})

test('lengthFindings() names a runtime entry of 121 lines', () => {
  expect(lengthFindingsOf('src/runtime/deno.ts', 121)).toHaveLength(1)
})

test('lengthFindings() lets a runtime entry of 120 lines pass', () => {
  expect(lengthFindingsOf('src/runtime/deno.ts', 120)).toEqual([])
})

test('lineCount() counts a last line without its line break', () => {
  expect(lineCount('a\nb')).toBe(2)
})
