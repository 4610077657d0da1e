import { expect, test } from 'vitest'
import { mirrorFindings } from './support/pages.ts'
import { plant, ROOT, readTree } from './support/tree.ts'

function mirrorFindingsOf(tree: Readonly<Record<string, string>>): readonly string[] {
  return mirrorFindings(readTree(plant(tree), ['src', 'test'])).map(({ at, problem }) => `${at} ${problem}`)
}

test('mirrorFindings() finds nothing in this repository', () => {
  expect(mirrorFindings(readTree(ROOT, ['src', 'test']))).toEqual([])
})

test('mirrorFindings() names a planted test folder without a room', () => {
  expect(mirrorFindingsOf({ 'test/helpers/a.test.ts': '' })).toEqual([
    'test/helpers mirrors src/helpers, which does not exist',
  ])
})

test('mirrorFindings() names a room without a test', () => {
  expect(mirrorFindingsOf({ 'src/session/a.ts': '' })).toEqual(['src/session has no test in test/session'])
})

test('mirrorFindings() names a test folder of an adapter that is gone', () => {
  const tree = {
    'src/adapters/redis/a.ts': '',
    'test/adapters/redis/a.test.ts': '',
    'test/adapters/mongo/a.test.ts': '',
  }
  expect(mirrorFindingsOf(tree)).toEqual(['test/adapters/mongo mirrors src/adapters/mongo, which does not exist'])
})

test('mirrorFindings() lets support folders beside tests pass', () => {
  const tree = { 'src/policy/a.ts': '', 'test/policy/a.test.ts': '', 'test/policy/support/b.ts': '' }
  expect(mirrorFindingsOf(tree)).toEqual([])
})

test('mirrorFindings() asks no tests of ports, which are types', () => {
  expect(mirrorFindingsOf({ 'src/ports/a.ts': '' })).toEqual([])
})
