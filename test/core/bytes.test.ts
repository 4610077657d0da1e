import { describe, expect, test } from 'vitest'
import {
  base64url,
  digest,
  equalBytes,
  equalSecrets,
  fromBase64url,
  hex,
  sha256,
  text,
  utf8,
} from '../../src/core/bytes.ts'
import { noise } from '../support/corpus.ts'

describe('base64url()', () => {
  // RFC 4648 section 10, without padding.
  test.each([
    ['', ''],
    ['f', 'Zg'],
    ['fo', 'Zm8'],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg'],
    ['fooba', 'Zm9vYmE'],
    ['foobar', 'Zm9vYmFy'],
  ])('spells the vector %j as %s', (plain, encoded) => {
    expect(base64url(utf8(plain))).toBe(encoded)
  })

  test('uses the alphabet that is safe in addresses', () => {
    expect(base64url(new Uint8Array([0xfb, 0xff, 0xfe]))).toBe('-__-')
  })
})

describe('fromBase64url()', () => {
  test('is the way back for every length', () => {
    const source = noise(7)
    const values = Array.from({ length: 200 }, (_, i) => Uint8Array.from({ length: i }, () => source.next().value))
    expect(values.filter((bytes) => hex(fromBase64url(base64url(bytes)) ?? utf8('lost')) !== hex(bytes))).toEqual([])
  })

  test.each([
    ['padding', 'Zg=='],
    ['the other alphabet', '+/+/'],
    ['an impossible length', 'Zm9vY'],
    ['unused bits that are set', 'Zh'],
    ['unused bits that are set after two bytes', 'Zm9'],
    ['a blank', 'Zm9v '],
    ['a line break', 'Zm9v\n'],
    ['a letter of another script', 'Zm9\u0432'],
  ])('refuses %s', (_, value) => {
    expect(fromBase64url(value)).toBeNull()
  })
})

describe('digests', () => {
  // FIPS 180-4, the message "abc".
  test('sha256() answers the published digest', async () => {
    expect(hex(await sha256(utf8('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  test('digest() is the same in base64url', async () => {
    expect(await digest('abc')).toBe(base64url(await sha256(utf8('abc'))))
  })
})

describe('text()', () => {
  test('is the way back of utf8()', () => {
    expect(text(utf8('\u00e4 \u20ac \ud83c\udfb2'))).toBe('\u00e4 \u20ac \ud83c\udfb2')
  })

  test('replaces broken sequences', () => {
    expect(text(new Uint8Array([0x61, 0xff]))).toBe('a\ufffd')
  })
})

describe('equality', () => {
  test('equalBytes() is true for equal bytes', () => {
    expect(equalBytes(utf8('secret'), utf8('secret'))).toBe(true)
  })

  test('equalBytes() is false when any one byte differs', () => {
    const good = utf8('secret')
    const others = Array.from(good, (byte, at) => Uint8Array.from(good, (b, i) => (i === at ? byte ^ 1 : b)))
    expect(others.filter((bytes) => equalBytes(good, bytes))).toEqual([])
  })

  test('equalBytes() is false for a prefix and for zeros behind it', () => {
    expect(equalBytes(utf8('secret'), utf8('secre'))).toBe(false)
    expect(equalBytes(utf8('secret'), new Uint8Array([...utf8('secret'), 0]))).toBe(false)
  })

  test('T2: equalBytes() looks at as many bytes for a wrong first as for a wrong last one, and for another length', () => {
    const good = utf8('a-secret-of-some-length')
    const looks = (bytes: Uint8Array): number => {
      let count = 0
      const watched = new Proxy(bytes, {
        get(target, name) {
          if (typeof name === 'string' && /^\d+$/.test(name)) count++
          return Reflect.get(target, name, target)
        },
      })
      equalBytes(good, watched)
      return count
    }
    const wrong = (at: number) => good.map((byte, index) => (index === at ? byte ^ 1 : byte))
    expect([looks(wrong(0)), looks(wrong(good.length - 1)), looks(good)]).toEqual(Array(3).fill(good.length))
    expect([looks(good.subarray(0, 3)), looks(new Uint8Array(0))]).toEqual([good.length, good.length])
  })

  test('equalBytes() takes two empty values as equal, so callers check lengths first', () => {
    expect(equalBytes(new Uint8Array(0), new Uint8Array(0))).toBe(true)
  })

  test('equalSecrets() compares secrets of any length', async () => {
    expect(await equalSecrets('a'.repeat(40), 'a'.repeat(40))).toBe(true)
    expect(await equalSecrets('a'.repeat(40), 'a'.repeat(41))).toBe(false)
  })
})
