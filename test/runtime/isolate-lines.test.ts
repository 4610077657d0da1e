import { expect, test } from 'vitest'
import { isolateLines } from '../../src/runtime/isolate-lines.ts'

function recorded() {
  const written: string[] = []
  const timers: (() => void)[] = []
  const clock = { now: 0 }
  const output = {
    write: (text: string) => void written.push(text),
    later: (_ms: number, then: () => void) => void timers.push(then),
    clock: () => clock.now,
  }
  return { written, timers, clock, line: isolateLines(output) }
}

test('isolateLines() writes lines that come together in one go, in their order, by one timer', () => {
  const { written, timers, line } = recorded()
  for (const text of ['one', 'two', 'three']) line(text)
  expect(written).toEqual([])
  expect(timers).toHaveLength(1)
  timers[0]?.()
  expect(written).toEqual(['one\ntwo\nthree'])
  timers[0]?.()
  expect(written).toHaveLength(1)
})

test('isolateLines() begins anew after each writing', () => {
  const { written, timers, line } = recorded()
  line('one')
  timers[0]?.()
  line('two')
  expect(timers).toHaveLength(2)
  timers[1]?.()
  expect(written).toEqual(['one', 'two'])
})

test('isolateLines() writes with the next line what a cancelled request left behind', () => {
  const { written, clock, line } = recorded()
  line('one')
  clock.now = 21
  line('two')
  expect(written).toEqual(['one\ntwo'])
})

test('isolateLines() lets no more wait than 64 KB', () => {
  const { written, line } = recorded()
  for (let i = 0; i < 100; i++) line('x'.repeat(1_000))
  expect(written.length).toBeGreaterThan(0)
})
