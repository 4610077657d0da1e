import { expect, test } from 'vitest'
import type { Observation } from '../../src/ports/observation.ts'
import { lineWriter } from '../../src/runtime/line-writer.ts'
import { logLine } from '../../src/runtime/report.ts'

const AT = Date.UTC(2026, 10, 28)

function recorded() {
  const written: string[] = []
  return { written, writer: lineWriter({ write: (text) => written.push(text) }, expect.fail) }
}

function told(runtime: string): Observation {
  return { kind: 'stopped', runtime }
}

test('lineWriter() writes what comes together in one go, in its order, each with the time at which it came', async () => {
  const { written, writer } = recorded()
  for (const [i, name] of ['one', 'two', 'three'].entries()) writer.report(told(name), AT + i)
  expect(written).toEqual([])
  await expect.poll(() => written).toHaveLength(1)
  expect(written[0]).toBe(['one', 'two', 'three'].map((name, i) => `${logLine(told(name), AT + i)}\n`).join(''))
})

test('lineWriter() loses nothing when the process ends before the moment is over', () => {
  const { written, writer } = recorded()
  writer.report(told('last words'), AT)
  writer.flush()
  writer.flush()
  expect(written).toEqual([`${logLine(told('last words'), AT)}\n`])
})

test('lineWriter() lets no more wait than 256', () => {
  const { written, writer } = recorded()
  for (let i = 0; i < 1000; i++) writer.report(told(String(i)), AT)
  expect(written).toHaveLength(3)
  writer.flush()
  expect(written.join('').split('\n')).toHaveLength(1001)
})

test('lineWriter() tells once why lines cannot be written, however many are lost, and goes on trying', () => {
  const lost: string[] = []
  let tries = 0
  const write = (_text: string, written: (error?: Error | null) => void) => written(new Error(`full ${++tries}`))
  const writer = lineWriter({ write }, (reason) => lost.push(reason))
  for (let i = 0; i < 1000; i++) writer.report(told(String(i)), AT)
  expect([tries, lost]).toEqual([3, ['full 1']])
})
