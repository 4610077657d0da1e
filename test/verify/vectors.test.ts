import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { casesOnDeno } from '../support/deno-cases.ts'
import { assertionVectors, COMMITTED_AT, type VectorFile } from '../vectors/generate.ts'
import { PINNED } from '../vectors/pinned.ts'
import { VECTOR_CASES } from './vector-cases.ts'

const FILE: VectorFile = JSON.parse(
  readFileSync(new URL('../vectors/assertions.vectors.json', import.meta.url), 'utf8'),
)

const pinned = (file: VectorFile) => file.vectors.map(({ name, expect: verdict, says }) => [name, verdict, says])

test('the committed file has every pinned vector and no other', () => {
  expect(pinned(FILE)).toEqual(PINNED)
})

test('vectors made for another moment are the pinned ones', async () => {
  expect(pinned(await assertionVectors(COMMITTED_AT + 1000))).toEqual(PINNED)
})

describe('verifyAssertion() on Node and the vector', () => {
  test.each(VECTOR_CASES)('%s', async (_, run) => {
    const { got, wanted } = await run()
    expect(got).toEqual(wanted)
  })
})

test('verifyAssertion() on Deno: every vector', () => {
  expect(casesOnDeno('vectors')).toContain(`${PINNED.length} passed, 0 failed`)
}, 70_000)
