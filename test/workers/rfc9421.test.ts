import { describe, expect, test } from 'vitest'
import { MESSAGE_CASES } from '../identity/rfc9421-cases.ts'

describe('RFC 9421 in workerd', () => {
  test.each(MESSAGE_CASES)('%s', async (_, run) => {
    const { got, wanted } = await run()
    expect(got).toEqual(wanted)
  })
})
