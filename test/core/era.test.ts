import { describe, expect, test } from 'vitest'
import { ERA, isSameEra } from '../../src/core/era.ts'

describe('isSameEra()', () => {
  test.each([
    [0, ERA - 1, true],
    [ERA - 1, ERA, false],
    [ERA, ERA, true],
    [ERA, 2 * ERA - 1, true],
    [1, 2 * ERA, false],
  ])('of %d and %d is %s', (one, other, is) => {
    expect([isSameEra(one, other), isSameEra(other, one)]).toEqual([is, is])
  })
})
