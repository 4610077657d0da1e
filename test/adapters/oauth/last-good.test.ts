import { expect, test } from 'vitest'
import { lastGood } from '../../../src/adapters/oauth/last-good.ts'
import type { Outbound } from '../../../src/adapters/oauth/outbound.ts'
import { ProviderTrouble } from '../../../src/adapters/oauth/trouble.ts'

const T = 1_800_000_000
const DAY = 86_400
const LIFETIMES = { fresh: 3600, lastGood: DAY, between: 60, afterFailure: 5 }

/** A document that counts how often it is fetched, or cannot be. */
function shelf() {
  const provider = { isDown: false, fetches: 0 }
  const document = lastGood(async () => {
    provider.fetches++
    if (provider.isDown) throw new ProviderTrouble({ kind: 'unavailable', reason: 'timeout', retryAfter: null })
    return provider.fetches
  }, LIFETIMES)
  const at = (now: number) => ({ now, runtime: { ticks: () => 0 } }) as unknown as Outbound
  return { provider, document, at }
}

test('a failure is not remembered for longer when the clock was put back', async () => {
  const { provider, document, at } = shelf()
  provider.isDown = true
  await expect(document.current(at(T + DAY))).rejects.toThrow()
  provider.isDown = false
  expect(await document.current(at(T))).toBe(2)
})

test('a newer document is fetched when the clock was put back: keys may have been rotated meanwhile', async () => {
  const { document, at } = shelf()
  await document.current(at(T + DAY))
  expect(await document.newer(at(T))).toBe(2)
  expect(await document.newer(at(T + 59))).toBe(2)
  expect(await document.newer(at(T + 60))).toBe(3)
})

test('a document of before the clock was put back serves no longer than another one does', async () => {
  const { provider, document, at } = shelf()
  await document.current(at(T + 30 * DAY))
  expect(await document.current(at(T))).toBe(1)
  expect(await document.current(at(T + 3600))).toBe(2)
  provider.isDown = true
  expect(await document.current(at(T))).toBe(2)
  await expect(document.current(at(T + DAY))).rejects.toThrow()
})
