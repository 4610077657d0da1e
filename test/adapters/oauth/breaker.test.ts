import { expect, test } from 'vitest'
import { breaker } from '../../../src/adapters/oauth/breaker.ts'

test('a provider that was left alone is tried again when the clock was put back', () => {
  const guard = breaker()
  guard.leave(100_000, 'failed', 30)
  expect(guard.enter(100_001, 'probe')).toMatchObject({ reason: 'breaker-open', retryAfter: 29 })
  expect(guard.enter(10, 'probe')).toBeNull()
  expect(guard.enter(11, 'probe')).toMatchObject({ reason: 'breaker-open', retryAfter: 14 })
  guard.leave(12, 'failed', null)
  expect(guard.enter(13, 'look')).toMatchObject({ retryAfter: 29 })
  expect(guard.enter(42, 'look')).toBeNull()
})

test('a probe that never came back holds up nobody when the clock was put back', () => {
  const guard = breaker()
  guard.leave(100_000, 'failed', 30)
  expect(guard.enter(100_030, 'probe')).toBeNull()
  expect(guard.enter(10, 'probe')).toBeNull()
})
