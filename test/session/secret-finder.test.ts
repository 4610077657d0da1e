import { describe, expect, test } from 'vitest'
import { secretFinder } from '../../src/session/secret-finder.ts'

const PLAIN = 'mQ3_x-7LpR9tVwZ2aKc8'
const CODED = 'aB+cd/Ef0123456789=='

describe('secretFinder()', () => {
  test.each([
    `?token=${PLAIN}`,
    `?a=1&token=${PLAIN}&b=2`,
    `/hooks/${PLAIN}`,
    `/hooks/${PLAIN}/x`,
    `/hooks/${PLAIN}.json`,
    `?authorization=Bearer%20${PLAIN}`,
    `?authorization=Bearer+${PLAIN}`,
    `?return_to=%2Fwire%3Ftoken%3D${PLAIN}`,
    `?return_to=%2Fa%3Fr%3D%252Fwire%253Ftoken%253D${PLAIN}`,
  ])('finds one in %s', (text) => {
    expect(secretFinder(['another-static-token', PLAIN])(text)).toEqual([PLAIN])
  })

  test.each([
    '',
    '/',
    `?token=${PLAIN.slice(0, -1)}`,
    `?token=${PLAIN}8`,
    `?token=x${PLAIN}`,
    `?token=${PLAIN.toLowerCase()}`,
    `?${'%'.repeat(40)}`,
    `?token=${'25'.repeat(40)}`,
  ])('finds none in %j', (text) => {
    expect(secretFinder([PLAIN])(text)).toEqual([])
  })

  test('finds one that an address has to encode, as it stands and encoded', () => {
    const find = secretFinder([CODED])
    const encoded = encodeURIComponent(CODED)
    expect(find(`?a=1&token=${encoded}`)).toEqual([encoded])
    expect(find(`/hooks/${encoded}`)).toEqual([encoded])
    expect(find(`?token=${encoded.toLowerCase().replace('ab', 'aB').replace('ef', 'Ef')}`)).toHaveLength(1)
    expect(secretFinder(['aB+cdEf0123456789=='])('?token=aB+cdEf0123456789==')).toEqual(['aB+cdEf0123456789=='])
    expect(find('?token=%zz0123456789012345678901234567890')).toEqual([])
  })

  test('finds one that an address has to encode beside another that it does not', () => {
    const encoded = encodeURIComponent(CODED)
    const found = secretFinder([PLAIN, CODED])(`/hooks/${PLAIN}?token=${encoded}`)
    expect([...new Set(found)]).toEqual([PLAIN, encoded])
    expect(secretFinder([CODED, PLAIN])(`?token=${encoded}`)).toEqual([encoded])
  })

  test('finds every one of them', () => {
    const other = 'zz-0123456789-zz'
    expect(secretFinder([PLAIN, other])(`/${other}?a=${PLAIN}`)).toEqual([other, PLAIN])
  })

  test('leaves words of fewer than 16 characters alone, which are words of addresses too', () => {
    expect(secretFinder(['settings', 'x'.repeat(15)])(`/settings/${'x'.repeat(15)}`)).toEqual([])
    expect(secretFinder(['x'.repeat(16)])(`/${'x'.repeat(16)}`)).toEqual(['x'.repeat(16)])
  })
})
