import { expect, test } from 'vitest'
import { lineWriter } from '../../src/runtime/line-writer.ts'

function recorded() {
  const written: string[] = []
  return { written, writer: lineWriter({ write: (text) => written.push(text) }) }
}

test('lineWriter() writes lines that come together in one go, in their order', async () => {
  const { written, writer } = recorded()
  for (const line of ['one', 'two', 'three']) writer.line(line)
  expect(written).toEqual([])
  await expect.poll(() => written).toEqual(['one\ntwo\nthree\n'])
})

test('lineWriter() loses nothing when the process ends before the moment is over', () => {
  const { written, writer } = recorded()
  writer.line('last words')
  writer.flush()
  writer.flush()
  expect(written).toEqual(['last words\n'])
})

test('lineWriter() lets no more wait than 64 KB', () => {
  const { written, writer } = recorded()
  for (let i = 0; i < 100; i++) writer.line('x'.repeat(1_000))
  expect(written.length).toBeGreaterThan(0)
})
