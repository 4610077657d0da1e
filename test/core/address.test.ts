import { describe, expect, test } from 'vitest'
import { addressParts, networkOf } from '../../src/core/address.ts'

describe('networkOf()', () => {
  test.each([
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8::a:b:c:d', '2001:db8:0:0::/64'],
    ['2001:DB8:0:0:ffff::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['203.0.113.7', '203.0.113.0/24'],
    ['::ffff:203.0.113.7', '203.0.113.0/24'],
  ])('puts %s into %s', (address, network) => {
    expect(networkOf(address, 4)).toBe(network)
  })
})

describe('addressParts()', () => {
  test.each(['', 'a', '1.2.3', '1.2.3.400', '0x7f.1', '1::2::3', '1:2:3:4:5:6:7:8:9', '12345::', 'evil.test', '<b>'])(
    'finds no address in %j (CVE-2026-24398)',
    (text) => {
      expect(addressParts(text)).toBeNull()
    },
  )
})
