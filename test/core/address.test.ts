import { describe, expect, test } from 'vitest'
import {
  addressParts,
  clientOf,
  countedAs,
  isLocalToBrowsers,
  isThisMachine,
  isWithin,
  networkOf,
} from '../../src/core/address.ts'

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

describe('countedAs()', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::ffff:cb00:7107', '203.0.113.7'],
    ['0:0:0:0:0:FFFF:cb00:7107', '203.0.113.7'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:DB8:0:0:ffff::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['::fffe:cb00:7107', '0:0:0:0::/64'],
    ['::1:ffff:cb00:7107', '0:0:0:0::/64'],
  ])('counts %s as %s (CVE-2026-45364)', (address, name) => {
    expect(countedAs(address)).toEqual({ name, share: 1 })
  })

  test.each([null, '', 'localhost', '203.0.113.400'])('counts %j with all whose address nobody knows', (address) => {
    expect(countedAs(address)).toEqual({ name: 'unknown', share: 50 })
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

describe('what only holds an address', () => {
  test.each([
    'x1.2.3.4',
    '1.2.3.4x',
    '1.2.3.4:80',
    '10.0.0.1.2.3.4',
    '::ffff:1.2.3.4x',
    'x::ffff:1.2.3.4',
    '2001:db8::1<b>',
    '2001:db8::1.',
    '0x20::1',
    '+20::1',
    '-1::',
  ])('%j is none, neither to count by nor to trust (CVE-2026-24398, CVE-2024-47070)', (text) => {
    expect([addressParts(text), networkOf(text, 4), clientOf(text, [])]).toEqual([null, null, null])
    expect(isWithin(text, ['0.0.0.0/0', '::/0'])).toBe(false)
  })

  test('a mapped address is the one it maps in whatever case it is written', () => {
    expect(countedAs('::FFFF:203.0.113.7')).toEqual({ name: '203.0.113.7', share: 1 })
  })
})

describe('isWithin()', () => {
  test.each([
    ['10.1.2.3', '10.0.0.0/8', true],
    ['11.0.0.0', '10.0.0.0/8', false],
    ['10.255.255.255', '10.0.0.0/8', true],
    ['192.0.2.128', '192.0.2.128/25', true],
    ['192.0.2.127', '192.0.2.128/25', false],
    ['::ffff:10.1.2.3', '10.0.0.0/8', true],
    ['::ffff:a01:203', '10.0.0.0/8', true],
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.4', '10.1.2.3', false],
    ['8.8.8.8', '0.0.0.0/0', true],
    ['2001:db8::1', '2001:db8::/32', true],
    ['2001:db9::1', '2001:db8::/32', false],
    ['2001:db8:7fff::', '2001:db8::/33', true],
    ['2001:db8:8000::', '2001:db8::/33', false],
    ['::1', '0.0.0.0/0', false],
    ['localhost', '0.0.0.0/0', false],
  ])('%s in %s: %s', (address, network, inside) => {
    expect(isWithin(address, [network])).toBe(inside)
  })
})

test('isWithin() asks for one of the networks, not for all of them, and nobody is in none', () => {
  const two = ['10.0.0.0/8', '2001:db8::/32']
  expect(['10.1.2.3', '2001:db8::1', '192.0.2.1'].map((address) => isWithin(address, two))).toEqual([true, true, false])
  expect(isWithin('10.1.2.3', [])).toBe(false)
})

describe('clientOf()', () => {
  test.each([
    ['203.0.113.7', [], '203.0.113.7'],
    ['1.2.3.4, 203.0.113.7', [], '203.0.113.7'],
    ['1.2.3.4, 203.0.113.7, 10.0.0.9', ['10.0.0.0/8'], '203.0.113.7'],
    ['10.0.0.8, 10.0.0.9', ['10.0.0.0/8'], '10.0.0.8'],
    ['203.0.113.7, unknown', [], null],
    ['203.0.113.7, , ', [], '203.0.113.7'],
    ['', [], null],
  ])('%j behind %j is %s', (forwarded, trusted, client) => {
    expect(clientOf(forwarded, trusted)).toBe(client)
  })
})

describe('isThisMachine()', () => {
  test.each(['localhost', '127.0.0.1', '127.255.0.9', '[::1]'])('knows %s', (hostname) => {
    expect(isThisMachine(hostname)).toBe(true)
  })

  // ATTACK (CWE-625): a name that only begins like loopback is whoever owns the rest of it.
  test.each([
    'localhost.attacker.example',
    'localhost-games.internal',
    'localhosts',
    '127.0.0.1.nip.io',
    '127.attacker.example',
    'my-localhost',
    'game.localhost',
    '[::10]',
    '[::ffff:7f00:1]',
    '0.0.0.0',
    '128.0.0.1',
    '',
  ])('does not take %j for it', (hostname) => {
    expect(isThisMachine(hostname)).toBe(false)
  })
})

describe('isLocalToBrowsers()', () => {
  test.each(['localhost', '127.0.0.1', '[::1]', 'game.localhost', 'a.b.localhost'])('knows %s', (hostname) => {
    expect(isLocalToBrowsers(hostname)).toBe(true)
  })

  test.each(['.localhost', 'gamelocalhost', 'game.localhost.attacker.example', 'attacker.example'])(
    'does not take %j for it (CWE-625)',
    (hostname) => {
      expect(isLocalToBrowsers(hostname)).toBe(false)
    },
  )
})
