import { describe, expect, test } from 'vitest'
import { seconds } from '../../src/core/brand.ts'
import { ERA } from '../../src/core/era.ts'
import { isHarmless } from '../../src/login/harmless.ts'
import { userOf } from '../contract/people.ts'

const before = userOf(1, { attributes: { a: 1, b: 2 } })
const later = { ...before, epoch: before.epoch + 1 }

describe('isHarmless()', () => {
  test.each([
    ['attributes', { attributes: { a: 1, b: 3 } }],
    ['a profile', { profile: { ...before.profile, name: 'Other' } }],
    ['a primary role', { primaryRole: before.roles[0] ?? null }],
    ['something and back again', {}],
  ])('leaves a sign-in alone after changes of %s, and not where all sessions ended beside them', (_, change) => {
    expect(isHarmless(before, { ...later, ...change })).toBe(true)
    expect(isHarmless(before, { ...later, ...change, epoch: before.epoch + 20 })).toBe(true)
    expect(isHarmless(before, { ...later, ...change, epoch: ERA })).toBe(false)
  })

  test('does not leave it alone after a block or a promotion', () => {
    expect(isHarmless(before, { ...later, standing: { kind: 'banned', reason: 'x' } })).toBe(false)
    expect(isHarmless(before, { ...later, guest: true })).toBe(false)
    const served = { ...before, standing: { kind: 'suspended', until: before.createdAt, reason: 'x' } } as const
    expect(isHarmless(served, { ...served, epoch: later.epoch })).toBe(true)
    const until = seconds(before.createdAt + 1)
    expect(isHarmless(served, { ...served, standing: { ...served.standing, until } })).toBe(false)
  })
})
