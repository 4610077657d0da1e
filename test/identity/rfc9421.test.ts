import { describe, expect, test } from 'vitest'
import { casesOnDeno } from '../support/deno-cases.ts'
import { MESSAGE_CASES } from './rfc9421-cases.ts'

describe('RFC 9421 on Node', () => {
  test.each(MESSAGE_CASES)('%s', async (_, run) => {
    const { got, wanted } = await run()
    expect(got).toEqual(wanted)
  })
})

test('RFC 9421 on Deno: every case', () => {
  expect(casesOnDeno('messages')).toContain(`${MESSAGE_CASES.length} passed, 0 failed`)
}, 70_000)
