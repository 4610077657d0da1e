import { expect, test } from 'vitest'
import { exportFindings } from './support/pages.ts'
import { plant, ROOT, readTree } from './support/tree.ts'

function exportFindingsOf(source: string): readonly string[] {
  return exportFindings(readTree(plant({ 'src/core/a.ts': source }), ['src'])).map(({ problem }) => problem)
}

test('exportFindings() finds nothing in this repository', () => {
  expect(exportFindings(readTree(ROOT, ['src']))).toEqual([])
})

test('exportFindings() names a planted export without a docstring', () => {
  expect(exportFindingsOf('export function a(): void {}\n')).toEqual(['exports a without a docstring'])
})

test('exportFindings() names an export with a plain comment', () => {
  expect(exportFindingsOf('/* Says a. */\nexport type A = 1\n')).toEqual(['exports A without a docstring'])
})

test('exportFindings() names an export whose docstring says nothing', () => {
  expect(exportFindingsOf('/** */\nexport const a = 1\n')).toEqual(['exports a without a docstring'])
})

test('exportFindings() does not take the docstring of the thing before', () => {
  expect(exportFindingsOf('/** Says b. */\nconst b = 1\nexport const a = b\n')).toEqual([
    'exports a without a docstring',
  ])
})

test('exportFindings() names an undocumented default export', () => {
  expect(exportFindingsOf('export default { fetch: 1 }\n')).toEqual(['exports default without a docstring'])
})

test('exportFindings() names an undocumented async function by its name', () => {
  expect(exportFindingsOf('export async function load(): Promise<void> {}\n')).toEqual([
    'exports load without a docstring',
  ])
})

test('exportFindings() asks for one docstring for all overloads', () => {
  const source = '/** Says a. */\nexport function a(x: 1): 1\nexport function a(x: 2): 2\n'
  expect(exportFindingsOf(source)).toEqual([])
})

test('exportFindings() leaves re-exports to the file that made them', () => {
  expect(exportFindingsOf("export type { B } from './b.ts'\nexport { c } from './c.ts'\n")).toEqual([])
})
