import { expect, test } from 'vitest'
import { casings } from '../../src/core/letter-case.ts'
import { canonicalTarget } from '../../src/core/target.ts'
import { foldedWord, wordOf } from '../../src/policy/word.ts'

const withoutCase = (segment: string) => foldedWord(wordOf(segment))

test.each([
  ['Admin', 'aDMIN'],
  ['%C3%84rger', '%C3%A4RGER'],
  ['%D0%96%D1%83%D0%BA', '%D0%B6%D0%A3%D0%9A'],
  ['%CE%BF%CE%B4%CF%8C%CF%82', '%CE%9F%CE%94%CE%8C%CE%A3'],
  ['%F0%90%90%80', '%F0%90%90%A8'],
  ['A%20B', 'a%20b'],
  ['%40me', '@ME'],
  ['stra%C3%9Fe', 'STRA%E1%BA%9EE'],
  ['stra%C3%9Fe', 'STRASSE'],
])('foldedWord() takes %s and %s for one word', (one, other) => {
  expect(withoutCase(one)).toBe(withoutCase(other))
})

test.each([
  ['a%2Fb', 'a%3Bb'],
  ['%C3%84', '%C3%96'],
  ['%2541', 'A'],
])('foldedWord() tells %s from %s', (one, other) => {
  expect(withoutCase(one)).not.toBe(withoutCase(other))
})

test.each(['Admin', 'x', '%C3%84b%2Fc', 'stra%C3%9Fe', '%CF%82%25', '7'])(
  'casings() of %s are canonical and the same word',
  (word) => {
    for (const spelling of casings(word)) {
      const target = canonicalTarget(`/${spelling}`)
      expect(target.ok && target.value.segments).toEqual([spelling])
      expect(withoutCase(spelling)).toBe(withoutCase(word))
    }
  },
)
