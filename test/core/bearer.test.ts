import { expect, test } from 'vitest'
import { bearerOf, isAccessToken, SPENT_BEARER } from '../../src/core/bearer.ts'

// What is made of each form from outside is in `test/corpora/bearers.txt`.

test.each<[string | null, string | null]>([
  [null, null],
  ['', null],
  ['Bearer', null],
  ['Bearer pss_', 'pss_'],
  ['Bearer pss_a.b.c', 'pss_a.b.c'],
  ['bEARER \t pss_a \t', 'pss_a'],
  ['Bearer a.pss_b', null],
  ['Bearer PSS_a', null],
  ['Bearer pst_a', null],
  ['Token pss_a', null],
  ['XBearer pss_a', null],
  ['Bearer pss_a, pss_b', null],
  ['Bearer pss_a pss_b', null],
  ['Bearer pss_a,', null],
  ['pss_a', null],
])('bearerOf(%j) is %j', (header, token) => {
  expect(bearerOf(header)).toBe(token)
})

test('what is kept of a bearer is still one, and names no session', () => {
  const kept = bearerOf(SPENT_BEARER)
  expect(kept !== null && isAccessToken(kept)).toBe(true)
  expect(kept).toBe('pss_')
})
