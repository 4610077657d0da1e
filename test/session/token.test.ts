import { describe, expect, test } from 'vitest'
import { base64url, digest, utf8 } from '../../src/core/bytes.ts'
import { nodeTokenReader } from '../../src/runtime/node-token.ts'
import { freshSid, freshTag, freshToken, readToken, tokenMac } from '../../src/session/token.ts'
import { noise } from '../support/corpus.ts'
import { TAG } from '../support/person.ts'

const ROOT = utf8('a root secret of exactly 32 byte')
const mac = await tokenMac(ROOT)

function randomFrom(seed: number): (count: number) => Uint8Array {
  const source = noise(seed)
  return (count) => Uint8Array.from({ length: count }, () => source.next().value)
}

const { token, key } = await freshToken(mac, TAG, randomFrom(1))

/** The token with one character replaced by another of the same alphabet. */
function altered(at: number): string {
  const other = token.charAt(at) === 'b' ? 'c' : 'b'
  return `${token.slice(0, at)}${other}${token.slice(at + 1)}`
}

describe('freshToken()', () => {
  // Seeds S6: opaque, at least 128 random bits.
  test('makes <tag>.<secret>.<mac> of 55 characters with 192 random bits', () => {
    expect(token).toMatch(/^abcdefghij\.[A-Za-z0-9_-]{32}\.[A-Za-z0-9_-]{11}$/)
    expect(token).toHaveLength(55)
  })

  test('keeps the tag and the digest of the secret in the key, never the secret', async () => {
    const secret = token.split('.')[1] ?? ''
    expect(key).toBe(`${TAG}.${await digest(secret)}`)
    expect(key).not.toContain(secret)
  })

  test('makes another one every time', async () => {
    const random = randomFrom(2)
    const made = await Promise.all(Array.from({ length: 100 }, () => freshToken(mac, TAG, random)))
    expect(new Set(made.map((one) => one.token)).size).toBe(100)
  })
})

const READERS = [
  [
    'WebCrypto',
    (root: Uint8Array<ArrayBuffer>) => {
      const key = tokenMac(root)
      return async (value: string) => readToken(await key, value)
    },
  ],
  ['Node', nodeTokenReader],
] as const

describe.each(READERS)('a token read by %s', (_by, makeReader) => {
  const read = makeReader(ROOT)

  test('answers the key of a token of ours', async () => {
    expect(await read(token)).toBe(key)
  })

  // DECISIONS 3: a wrong mac costs no store call.
  test('answers null when the mac is wrong', async () => {
    expect(await read(altered(54))).toBeNull()
  })

  test('answers null whatever single character of the token is another', async () => {
    const places = Array.from({ length: token.length }, (_, at) => at)
    const believed = await Promise.all(places.map(async (at) => ((await read(altered(at))) === null ? null : at)))
    expect(believed.filter((at) => at !== null)).toEqual([])
  })

  test('answers null when the tag is that of another user', async () => {
    expect(await read(token.replace(TAG, 'jihgfedcba'))).toBeNull()
  })

  test('answers null under another root secret', async () => {
    expect(await makeReader(utf8('another root secret, 32 bytes ok'))(token)).toBeNull()
  })

  test.each([
    ['nothing', ''],
    ['a blank in front', ` ${token}`],
    ['a line break behind', `${token}\n`],
    ['quotes', `"${token}"`],
    ['a part too few', token.split('.').slice(0, 2).join('.')],
    ['a part too many', `${token}.x`],
    ['no mac', `${token.slice(0, 44)}`],
    ['an empty mac', `${token.slice(0, 43)}.`],
    ['upper case in the tag', token.replace(TAG, TAG.toUpperCase())],
    ['padding', `${token}=`],
    ['percent-encoding', token.replace('.', '%2E')],
    ['an API token', `pst_${token}`],
    ['16 KB', 'a'.repeat(16_384)],
    ['__proto__', '__proto__'],
  ])('answers null to %s', async (_, value) => {
    expect(await read(value)).toBeNull()
  })

  test('answers null to the other spelling of the same mac bytes', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = alphabet.indexOf(token.charAt(54))
    const others = [1, 2, 3].map((bits) => `${token.slice(0, 54)}${alphabet.charAt(last ^ bits)}`)
    expect(await Promise.all(others.map((value) => read(value)))).toEqual([null, null, null])
  })
})

describe('fresh names', () => {
  test('freshTag() is ten characters of a-z and 2-7', () => {
    expect(freshTag(randomFrom(3))).toMatch(/^[a-z2-7]{10}$/)
  })

  test('freshSid() is 22 base64url characters', () => {
    expect(freshSid(randomFrom(4))).toMatch(/^[A-Za-z0-9_-]{22}$/)
  })

  test('tokenMac() cannot be exported', async () => {
    expect(mac.extractable).toBe(false)
    expect(base64url(ROOT)).not.toBe('')
  })
})
