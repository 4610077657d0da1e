import { expect, test } from 'vitest'
import { Breaker } from '../../src/core/breaker.ts'

function broken(failures: number, restMs = 100, at = 0): Breaker {
  const breaker = new Breaker(3, restMs)
  for (let i = 0; i < failures; i++) breaker.failed(at)
  return breaker
}

test('opens with the third failure in a row, not with the second', () => {
  expect([broken(2).state(0), broken(2).enter(0)]).toEqual(['closed', true])
  expect([broken(3).state(0), broken(3).enter(0)]).toEqual(['open', false])
})

test('a success in between starts the count anew', () => {
  const breaker = broken(2)
  breaker.succeeded()
  breaker.failed(0)
  breaker.failed(0)
  expect(breaker.state(0)).toBe('closed')
})

test('lets exactly one try once the rest is over', () => {
  const breaker = broken(3)
  expect(breaker.enter(99)).toBe(false)
  expect(breaker.state(100)).toBe('half-open')
  expect([breaker.enter(100), breaker.enter(100), breaker.enter(150)]).toEqual([true, false, false])
})

test('a try that fails opens it for another rest, one that succeeds closes it', () => {
  const breaker = broken(3)
  breaker.enter(100)
  breaker.failed(110)
  expect([breaker.enter(209), breaker.enter(210)]).toEqual([false, true])
  breaker.succeeded()
  expect([breaker.state(211), breaker.enter(211), breaker.enter(211)]).toEqual(['closed', true, true])
})

test('a try that never reports back blocks nobody for longer than a rest', () => {
  const breaker = broken(3)
  breaker.enter(100)
  expect([breaker.enter(199), breaker.enter(200)]).toEqual([false, true])
})

test('waitMs() says when the next one may try', () => {
  const breaker = broken(3)
  expect([breaker.waitMs(40), breaker.waitMs(100)]).toEqual([60, 0])
  breaker.enter(100)
  expect(breaker.waitMs(130)).toBe(70)
})

test('0 never opens', () => {
  const breaker = new Breaker(0, 100)
  for (let i = 0; i < 50; i++) breaker.failed(0)
  expect(breaker.enter(0)).toBe(true)
})
