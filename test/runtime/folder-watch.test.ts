import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { watchFolder } from '../../src/runtime/folder-watch.ts'

/** Longer than it takes until a change is seen by comparing the files, and counts as finished. */
const SEEN_MS = 2_500

let folder = ''
beforeEach(() => {
  vi.useFakeTimers()
  folder = mkdtempSync(join(tmpdir(), 'postern-folder-'))
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(folder, { recursive: true })
})

/** Watches the folder; each call lasts until the test ends it. */
function watched() {
  const open: (() => void)[] = []
  let begun = 0
  const changed = async () => {
    begun += 1
    await new Promise<void>((resolve) => open.push(resolve))
  }
  const watching = watchFolder(folder, (work) => void work, changed)
  return { begun: () => begun, finish: () => open.shift()?.(), close: () => watching.close() }
}

test('watchFolder() calls once at a time, and again for what changed meanwhile', async () => {
  const { begun, finish, close } = watched()
  writeFileSync(join(folder, 'game.yaml'), 'one')
  await vi.advanceTimersByTimeAsync(SEEN_MS)
  expect(begun()).toBe(1)
  writeFileSync(join(folder, 'game.yaml'), 'another')
  await vi.advanceTimersByTimeAsync(SEEN_MS)
  expect(begun()).toBe(1)
  finish()
  await vi.advanceTimersByTimeAsync(SEEN_MS)
  expect(begun()).toBe(2)
  finish()
  await vi.advanceTimersByTimeAsync(SEEN_MS)
  expect(begun()).toBe(2)
  close()
})

test('watchFolder() does not call for a file that is no policy', async () => {
  const { begun, close } = watched()
  writeFileSync(join(folder, 'NOTES.md'), 'rules of the house')
  writeFileSync(join(folder, 'game.yaml~'), 'one')
  await vi.advanceTimersByTimeAsync(SEEN_MS)
  expect(begun()).toBe(0)
  close()
})

test('watchFolder() calls no more when it is closed', async () => {
  const { begun, close } = watched()
  close()
  writeFileSync(join(folder, 'game.yaml'), 'one')
  await vi.advanceTimersByTimeAsync(SEEN_MS)
  expect(begun()).toBe(0)
})
