import { afterEach, describe, expect, test } from 'vitest'
import { moment } from '../../src/admin/operations/define.ts'
import { type ConfigProblem, Reader } from '../../src/config/reader.ts'

/** The moment read from a value, or what is wrong with it. */
function read(until: unknown): number | null | string {
  const problems: ConfigProblem[] = []
  const at = moment(new Reader({ until }, '', problems), 'until')
  return problems[0]?.message ?? at
}

const zone = process.env['TZ']
afterEach(() => {
  if (zone === undefined) delete process.env['TZ']
  else process.env['TZ'] = zone
})

describe('moment()', () => {
  test('takes a time with its zone, a day of UTC, and seconds', () => {
    expect(read('2027-01-31T12:00:00Z')).toBe(1_801_396_800)
    expect(read('2027-01-31T12:00Z')).toBe(1_801_396_800)
    expect(read('2027-01-31T12:00:00.999Z')).toBe(1_801_396_800)
    expect(read('2027-01-31T07:00:00-05:00')).toBe(1_801_396_800)
    expect(read('2027-01-31')).toBe(1_801_353_600)
    expect(read(1_801_396_800)).toBe(1_801_396_800)
    expect(read(null)).toBeNull()
  })

  test('refuses a time without a zone, wherever the server stands, and says how to give one', () => {
    process.env['TZ'] = 'America/New_York'
    const told =
      'must say its zone: 2027-01-31T12:00:00Z, or an offset such as 2027-01-31T12:00:00+01:00, not 2027-01-31T12:00:00'
    expect(read('2027-01-31T12:00:00')).toBe(told)
    expect(read('2027-01-31T12:00')).toMatch(/^must say its zone: 2027-01-31T12:00Z/)
    expect(read('2027-01-31')).toBe(1_801_353_600)
  })

  test('refuses a day that does not exist, and takes the last one that does', () => {
    expect(read('2027-02-30')).toBe('must be a day that exists, not 2027-02-30')
    expect(read('2027-02-29T12:00:00Z')).toBe('must be a day that exists, not 2027-02-29')
    expect(read('2028-02-29T12:00:00Z')).toBe(1_835_438_400)
    expect(read('2027-04-31')).toBe('must be a day that exists, not 2027-04-31')
    expect(read('2027-13-01')).toBe('must be a day that exists, not 2027-13-01')
    expect(read('2027-00-10')).toBe('must be a day that exists, not 2027-00-10')
  })

  test.each(['never', '2027-01-31 12:00:00Z', '2027-01-31T25:00:00Z', '2027-01-31T12:00:00z', '', -1, 1.5, true, {}])(
    'refuses %j',
    (value) => {
      expect(read(value)).toBe('must be a moment such as 2027-01-31T12:00:00Z')
    },
  )
})
