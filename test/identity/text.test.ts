import { expect, test } from 'vitest'
import { clip, headerList, headerText, tidy } from '../../src/identity/text.ts'

test('tidy() turns a run of control characters into one space', () => expect(tidy('a\r\n\tb\u0085c')).toBe('a b c'))
test('tidy() leaves nothing of nothing', () => expect(tidy(' \u0000 ')).toBe(''))
test('clip() counts code points', () => expect(clip('🗡🗡🗡', 2)).toBe('🗡🗡'))
test('clip() leaves a short text alone', () => expect(clip('ab', 2)).toBe('ab'))
test('headerText() encodes a per cent sign', () => expect(headerText('%')).toBe('%25'))
test('headerText() encodes what is not ASCII', () => expect(headerText('é€')).toBe('%C3%A9%E2%82%AC'))
test('headerText() keeps inner spaces', () => expect(headerText('a  b')).toBe('a  b'))
test('headerText() holds nothing but printable ASCII for every character up to U+2FFF', () => {
  const all = Array.from({ length: 0x3000 }, (_, code) => String.fromCharCode(code))
  expect(all.filter((character) => !/^[\x21-\x7e]*$/.test(headerText(character)))).toEqual([])
})
test('headerText() is read back by one percent-decoding, for every character up to U+2FFF', () => {
  const all = Array.from({ length: 0x3000 }, (_, code) => `a${String.fromCharCode(code)}b`)
  expect(all.filter((text) => decodeURIComponent(headerText(text)) !== tidy(text))).toEqual([])
})
test('headerList() encodes the commas of its members', () => expect(headerList(['a,b', 'c'])).toBe('a%2Cb,c'))
