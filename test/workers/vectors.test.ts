import { describe, expect, test } from 'vitest'
import { VECTOR_CASES } from '../verify/vector-cases.ts'

describe('verifyAssertion() in workerd and the vector', () => {
  test.each(VECTOR_CASES)('%s', async (_, run) => {
    const { got, wanted } = await run()
    expect(got).toEqual(wanted)
  })
})
