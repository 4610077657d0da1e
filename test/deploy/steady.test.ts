import { randomBytes, randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { withSteadyRandomness } from '../../deploy/demo/steady.ts'

const draw = async (): Promise<readonly string[]> => [
  randomBytes(12).toString('hex'),
  randomUUID(),
  randomBytes(12).toString('hex'),
]

test('withSteadyRandomness() hands out the same values in every run, and others under another label', async () => {
  const first = await withSteadyRandomness('google', draw)
  const again = await withSteadyRandomness('google', draw)
  const other = await withSteadyRandomness('apple', draw)
  expect(again).toEqual(first)
  expect(other).not.toEqual(first)
  expect(new Set(first).size).toBe(3)
})

test('withSteadyRandomness() makes UUIDs of the usual shape', async () => {
  const [, uuid] = await withSteadyRandomness('google', draw)
  expect(uuid).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/)
})

test('withSteadyRandomness() gives real randomness back, also when seeding fails', async () => {
  await expect(withSteadyRandomness('google', () => Promise.reject(new Error('no seed')))).rejects.toThrow('no seed')
  const values = await Promise.all([draw(), draw()])
  expect(values[0]).not.toEqual(values[1])
})
