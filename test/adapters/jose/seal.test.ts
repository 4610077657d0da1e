import { expect, test } from 'vitest'
import { sealer } from '../../../src/adapters/jose/seal.ts'
import { ROOT } from './clock.ts'

const random = (count: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(count))
const SECRET = new Uint8Array([1, 2, 3])

test('open() gives back what was sealed', async () => {
  const sealing = await sealer(ROOT, random)
  expect(await sealing.open(await sealing.seal(SECRET, 'a'), 'a')).toEqual(SECRET)
})

test('open() refuses a value sealed for something else', async () => {
  const sealing = await sealer(ROOT, random)
  await expect(sealing.open(await sealing.seal(SECRET, 'a'), 'b')).rejects.toThrow()
})

test('open() refuses a changed value', async () => {
  const sealing = await sealer(ROOT, random)
  const sealed = await sealing.seal(SECRET, 'a')
  await expect(sealing.open(`${sealed.startsWith('A') ? 'B' : 'A'}${sealed.slice(1)}`, 'a')).rejects.toThrow()
})

test('seal() never gives the same text twice', async () => {
  const sealing = await sealer(ROOT, random)
  expect(await sealing.seal(SECRET, 'a')).not.toBe(await sealing.seal(SECRET, 'a'))
})
