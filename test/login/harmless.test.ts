import { describe, expect, test } from 'vitest'
import { isHarmless } from '../../src/login/harmless.ts'
import { userOf } from '../contract/people.ts'

const before = userOf(1, { attributes: { a: 1, b: 2 } })
const later = { ...before, epoch: before.epoch + 1 }

describe('isHarmless()', () => {
  test.each([
    ['attributes', { attributes: { a: 1, b: 3 } }],
    ['a profile', { profile: { ...before.profile, name: 'Other' } }],
    ['a primary role', { primaryRole: before.roles[0] ?? null }],
  ])('leaves a sign-in alone after one change of %s, and not after two', (_, change) => {
    expect(isHarmless(before, { ...later, ...change })).toBe(true)
    expect(isHarmless(before, { ...later, ...change, epoch: before.epoch + 2 })).toBe(false)
  })

  test('does not take an end of all sessions for another change, however the rest is spelled', () => {
    const { name, email, emailVerified, picture } = before.profile
    const respelled = { attributes: { b: 2, a: 1 }, profile: { picture, emailVerified, email, name } }
    expect(isHarmless(before, later)).toBe(false)
    expect(isHarmless(before, { ...later, ...respelled })).toBe(false)
  })

  test('does not leave it alone after a block or a promotion', () => {
    const seen = { ...later, attributes: {} }
    expect(isHarmless(before, { ...seen, standing: { kind: 'banned', reason: 'x' } })).toBe(false)
    expect(isHarmless(before, { ...seen, guest: true })).toBe(false)
  })
})
