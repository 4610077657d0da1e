import { expect, test } from 'vitest'
import type { Observation } from '../../src/ports/observation.ts'
import { isolateLines } from '../../src/runtime/isolate-lines.ts'
import { logLine } from '../../src/runtime/report.ts'

const AT = Date.UTC(2026, 10, 28)

function recorded() {
  const written: string[] = []
  const timers: (() => void)[] = []
  const output = {
    write: (text: string) => void written.push(text),
    later: (_ms: number, then: () => void) => void timers.push(then),
  }
  const report = isolateLines(output)
  return { written, timers, say: (name: string, after = 0) => report(told(name), AT + after) }
}

function told(runtime: string): Observation {
  return { kind: 'stopped', runtime }
}

function lines(...said: readonly (readonly [string, number])[]): string {
  return said.map(([name, after]) => logLine(told(name), AT + after)).join('\n')
}

test('isolateLines() writes what comes together in one go, in its order, by one timer', () => {
  const { written, timers, say } = recorded()
  for (const [i, name] of ['one', 'two', 'three'].entries()) say(name, i)
  expect(written).toEqual([])
  expect(timers).toHaveLength(1)
  timers[0]?.()
  expect(written).toEqual([lines(['one', 0], ['two', 1], ['three', 2])])
  timers[0]?.()
  expect(written).toHaveLength(1)
})

test('isolateLines() begins anew after each writing', () => {
  const { written, timers, say } = recorded()
  say('one')
  timers[0]?.()
  say('two')
  expect(timers).toHaveLength(2)
  timers[1]?.()
  expect(written).toEqual([lines(['one', 0]), lines(['two', 0])])
})

test('isolateLines() writes with the next one what a cancelled request left behind', () => {
  const { written, say } = recorded()
  say('one')
  say('two', 21)
  expect(written).toEqual([lines(['one', 0], ['two', 21])])
})

test('isolateLines() lets no more wait than 256', () => {
  const { written, say } = recorded()
  for (let i = 0; i < 1000; i++) say(String(i))
  expect(written).toHaveLength(3)
})
