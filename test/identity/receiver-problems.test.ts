import { expect, expectTypeOf, test } from 'vitest'
import { seconds } from '../../src/core/brand.ts'
import { PRESETS } from '../../src/core/upstream-presets.ts'
import type { Receiver } from '../../src/identity/receiver.ts'
import { receiverProblems } from '../../src/identity/receiver-problems.ts'
import type { Upstream } from '../../src/ports/config.ts'
import { receiver } from './people.ts'

test('the Upstream of the configuration is a Receiver', () => {
  expectTypeOf<Upstream>().toExtend<Receiver>()
})

test('receiverProblems() knows no dialect by the name of an object method', () => {
  expect(receiverProblems(receiver({ dialects: ['constructor'] }))).toHaveLength(1)
})

test('receiverProblems() finds nothing wrong with the defaults', () => expect(receiverProblems(receiver())).toEqual([]))

test('receiverProblems() finds nothing wrong with any preset', () => {
  expect(Object.values(PRESETS).flatMap((preset) => receiverProblems(receiver(preset)))).toEqual([])
})

test('receiverProblems() names an unknown dialect and the known ones', () => {
  expect(receiverProblems(receiver({ dialects: ['iapp'] }))[0]).toMatch(/^dialect "iapp" is unknown; one of postern, /)
})

test('receiverProblems() refuses an own map that writes Host', () => {
  expect(receiverProblems(receiver({ dialects: ['Host=user'] }))).toHaveLength(1)
})

test('receiverProblems() refuses an own map that writes a cookie by another spelling', () => {
  expect(receiverProblems(receiver({ dialects: ['COOKIE=assertion'] }))).toHaveLength(1)
})

test('receiverProblems() refuses an assertion header that is not a token', () => {
  expect(receiverProblems(receiver({ assertionHeader: 'X Assertion' }))).toHaveLength(1)
})

test('receiverProblems() takes 60 s of life and refuses 61', () => {
  expect(receiverProblems(receiver({ assertionSeconds: seconds(60) }))).toHaveLength(0)
  expect(receiverProblems(receiver({ assertionSeconds: seconds(61) }))).toHaveLength(1)
})

test('receiverProblems() refuses a life of 0', () => {
  expect(receiverProblems(receiver({ assertionSeconds: seconds(0) }))).toHaveLength(1)
})

test('receiverProblems() refuses an audience that reads as anonymous', () => {
  expect(receiverProblems(receiver({ audience: 'rooms#anonymous' }))).toHaveLength(1)
})

test('receiverProblems() takes three copies of the assertion and refuses four', () => {
  expect(receiverProblems(receiver({ dialects: ['iap', 'alb'] }))).toHaveLength(0)
  expect(receiverProblems(receiver({ dialects: ['iap', 'alb', 'bearer'] }))).toHaveLength(1)
})
