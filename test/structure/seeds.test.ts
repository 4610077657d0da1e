import { describe, expect, test } from 'vitest'
import { titlesOf, uncited } from './support/titles.ts'
import { ROOT, readTree } from './support/tree.ts'

const ids = (letter: string, last: number): readonly string[] =>
  Array.from({ length: last }, (_, n) => `${letter}${n + 1}`)

/** Situations of the truth table 2.3, in the words of its tests. */
const SITUATIONS = [
  'unknown id',
  'end reached',
  'user gone',
  'user without any role',
  'role that',
  'user suspended',
  'permission missing',
  'no character selected',
  'selected character gone',
  'character without world',
  'store fails',
] as const

const every = titlesOf(readTree(ROOT, ['test']))

describe('what the seeds say', () => {
  test.each([
    ...[ids('S', 40), ids('C', 9), ids('T', 7), ids('G', 9), ids('I', 7), ids('L', 6), ids('O', 10), ids('P', 8)],
  ])('every id from %s on is in the title of a test', (...range) => {
    expect(uncited(every, range)).toEqual([])
  })

  test('every id from A1 on is in the title of a test, or of one in the policies of examples, which run', () => {
    const examples = [...readTree(ROOT, ['policies'])].flatMap(([, text]) =>
      [...text.matchAll(/^ +- name: "?([^"\n]*)/gm)].map(([, name = '']) => name),
    )
    // A19 was never given.
    const given = ids('A', 27).filter((id) => id !== 'A19')
    expect(uncited([...every, ...examples], given)).toEqual([])
  })

  test('every result of the operations of 2.4 is part of the contract of all stores', () => {
    const contract = titlesOf(
      new Map([...readTree(ROOT, ['test'])].filter(([path]) => path.startsWith('test/contract/'))),
    )
    // S37 says where the active count is used, which is not for stores.
    expect(uncited(contract, ['S31', 'S32', 'S33', 'S34', 'S35', 'S36', 'S38', 'S39', 'S40'])).toEqual([])
  })

  test('every situation of the truth table 2.3 has a test that cites it', () => {
    const cited = every.filter((title) => /\b2\.3\b/.test(title))
    expect(SITUATIONS.filter((situation) => !cited.some((title) => title.includes(situation)))).toEqual([])
  })

  test('every operation of 2.4 and every situation of 2.3 is walked through a whole gateway too', () => {
    const files = new Map([...readTree(ROOT, ['test'])].filter(([path]) => path.startsWith('test/session/')))
    const titles = titlesOf(files)
    expect(uncited(titles, ids('S', 40).slice(30, 35))).toEqual([])
    const missing = SITUATIONS.filter((situation) => !titles.some((title) => title.includes(situation)))
    expect(missing).toEqual([])
  })
})

describe('titlesOf() and uncited()', () => {
  const planted = (text: string) => titlesOf(new Map([['test/a.test.ts', text]]))

  test('reads plain, nested, listed and broken titles, and nothing else', () => {
    const text = `describe('a S1', () => {})\n  test.each<[string]>([\n  ['S2'],\n])(\n 'b %s S3', async () => {})
test("it's S4", async () => expect('S5').toBe('S6'))\n// S7\ntest(\`c S8\`, run)`
    expect(planted(text)).toEqual(['a S1', 'b %s S3', "it's S4", 'c S8'])
  })

  test('names an id that stands in no title, or only inside a longer word', () => {
    expect(uncited(['S10 and %S3', 'xS4', 'S5: good', '(S6, S7)'], ['S1', 'S3', 'S4', 'S5', 'S6', 'S7'])).toEqual([
      'S1',
      'S3',
      'S4',
    ])
  })
})
