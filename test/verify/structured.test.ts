import { expect, test } from 'vitest'
import { signatureInputs, signatures } from '../../src/verify/structured.ts'

const LIST = 'sig1=("@method" "x-a";req);created=1;keyid="a\\"b";tag="t";alg=ed25519;x;y=?0'

test('signatureInputs() reads components and parameters', () => {
  const list = signatureInputs(LIST).get('sig1')
  expect(list?.items.map((item) => item.value)).toEqual(['@method', 'x-a'])
  expect([...(list?.parameters ?? [])]).toEqual([
    ['created', 1],
    ['keyid', 'a"b'],
    ['tag', 't'],
    ['alg', { token: 'ed25519' }],
    ['x', true],
    ['y', false],
  ])
})

test('signatureInputs() keeps the text that was signed', () => {
  expect(signatureInputs(`a=(), ${LIST}`).get('sig1')?.text).toBe(LIST.slice(5))
})

test('signatures() reads bytes', () => {
  expect(signatures('a=:AQI=:, b=:AA==:').get('a')).toEqual(new Uint8Array([1, 2]))
})

test('a label that stands twice is refused', () => expect(() => signatures('a=:AA==:, a=:AQ==:')).toThrow('twice'))
test('a trailing comma is refused', () => expect(() => signatures('a=:AA==:,')).toThrow('member'))
test('components without a space between are refused', () =>
  expect(() => signatureInputs('a=("x""y")')).toThrow('space'))
test('an open list is refused', () => expect(() => signatureInputs('a=("x"')).toThrow())
test('a non-ASCII string is refused', () => expect(() => signatureInputs('a=("ë")')).toThrow('string'))
test('text after a member is refused', () => expect(() => signatures('a=:AA==: b')).toThrow('comma'))
test('a field of 64 KB is refused at once', () => expect(() => signatures('a'.repeat(65_536))).toThrow('long'))
test('a long run of spaces costs nothing', () => expect(() => signatureInputs(`a=(${' '.repeat(16_000)}`)).toThrow())
