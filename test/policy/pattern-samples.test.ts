import { expect, test } from 'vitest'
import { patternSamples } from '../../src/policy/pattern-samples.ts'

test.each([
  ['[A-Z]{2}-[0-9]{4}', ['AA-0000']],
  ['a|bc|(?:d|e)f', ['a', 'bc', 'df', 'ef']],
  ['[a-z0-9]', ['a', '0']],
  ['x(?<n>[0-9]{2,3})y', ['x00y']],
  ['v\\d+', ['v0', 'v00']],
  ['(?:ab){3}', ['ababab']],
  ['\\u0041\\x42\\u{43}', ['ABC']],
  ['\\w+\\.png', ['a.png', 'A.png', '0.png', '_.png', 'aa.png', 'AA.png', '00.png', '__.png']],
  ['^a$', ['a']],
  ['ab?', ['ab', 'a']],
  ['[\\]\\-a]', ['a', '-']],
  ['é{2}', ['éé']],
])('patternSamples() finds texts that %s takes', (pattern, samples) => {
  expect(patternSamples(`^(?:${pattern})$`).toSorted()).toEqual(samples.toSorted())
})

test('patternSamples() finds none where it cannot tell, and gives none that does not match', () => {
  expect(patternSamples('^(?:[\\u{1F680}-\\u{1F6FF}])$')).toEqual([])
  expect(patternSamples('^(?:a\\bb)$')).toEqual([])
  expect(patternSamples('^(?:(?:a{256}){256})$')).toEqual([])
})
