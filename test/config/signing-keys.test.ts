import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { secret } from '../../src/config/define.ts'
import { parseConfig } from '../../src/config/parse.ts'
import { readSecrets } from '../../src/config/secrets.ts'
import { parseSigningKeys } from '../../src/config/signing-keys.ts'
import { SMALLEST } from './support/inputs.ts'

const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const ED = generateKeyPairSync('ed25519').privateKey
const jwk = EC.export({ format: 'jwk' })
const pem = (key: typeof EC) => key.export({ type: 'pkcs8', format: 'pem' }).toString()

function faultOf(text: string): string {
  const parsed = parseSigningKeys(text)
  return parsed.ok ? '' : parsed.fault
}

describe('parseSigningKeys()', () => {
  test.each([
    ['one JWK', JSON.stringify(jwk), 1],
    ['a list', JSON.stringify([jwk, ED.export({ format: 'jwk' })]), 2],
    ['a JWK set', JSON.stringify({ keys: [jwk] }), 1],
    ['PEM', pem(EC), 1],
    ['several PEM blocks', `${pem(EC)}${pem(ED)}`, 2],
    ['PEM on one line with \\n', pem(EC).replaceAll('\n', '\\n'), 1],
  ])('takes %s', (_, text, count) => {
    const parsed = parseSigningKeys(text)
    expect(parsed.ok && parsed.value.length).toBe(count)
  })

  test.each([
    ['text', 'hunter2', 'is neither JSON nor PEM'],
    ['an empty list', '[]', 'holds no key'],
    ['an empty set', '{"keys":[]}', 'holds no key'],
    ['a text in a list', '["x"]', 'key 1 is no JWK'],
    ['a public key', JSON.stringify({ ...jwk, d: undefined }), 'key 1 has no private part "d"'],
    ['P-384', '{"kty":"EC","crv":"P-384","x":"a","y":"b","d":"c"}', 'key 1 is of the kind EC P-384'],
    ['RSA', '{"kty":"RSA","n":"a","e":"AQAB","d":"c"}', 'key 1 is of the kind RSA (none)'],
    ['half a point', JSON.stringify({ ...jwk, y: undefined }), 'key 1 is of the kind EC P-256'],
    ['a kid with a line break', JSON.stringify({ ...jwk, kid: 'a\nb' }), 'key 1 has a "kid" that is not'],
    ['SEC 1', EC.export({ type: 'sec1', format: 'pem' }).toString(), 'openssl pkcs8 -topk8 -nocrypt'],
    ['a public PEM', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', 'PEM block "PUBLIC KEY"'],
    ['PEM cut off', pem(EC).slice(0, 80), 'cut off'],
    ['PEM and text', `${pem(EC)}x`, 'mixed with text'],
  ])('refuses %s and says why', (_, text, why) => expect(faultOf(text)).toContain(why))

  test('quotes no byte of a secret', () => {
    const leaks = [JSON.stringify({ ...jwk, crv: jwk.d }), `{"kty":"${jwk.d}`, `${pem(EC)}${jwk.d}`].map(faultOf)
    expect(leaks.filter((fault) => fault === '' || fault.includes(String(jwk.d)))).toEqual([])
  })
})

describe('assertion.keys', () => {
  const input = { ...SMALLEST, assertion: { keys: secret('MY_KEYS') } }

  test('names a secret, which is judged with the others', () => {
    const parsed = parseConfig(input)
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.fault))
    expect(parsed.value.assertion).toEqual({ algorithm: 'ES256', keys: { secret: 'MY_KEYS' } })
    const read = (value: string | undefined) => readSecrets(parsed.value, () => value)
    expect(readSecrets(parsed.value, (name) => (name === 'MY_KEYS' ? JSON.stringify(jwk) : undefined)).ok).toBe(true)
    expect(read(undefined)).toMatchObject({ fault: [{ path: 'MY_KEYS' }] })
    const bad = readSecrets(parsed.value, (name) => (name === 'MY_KEYS' ? '{}' : undefined))
    expect(bad).toMatchObject({
      fault: [{ path: 'MY_KEYS', message: expect.stringContaining('key 1 is of the kind') }],
    })
  })

  test('stands without an algorithm, which the first key says', () => {
    const parsed = parseConfig({ ...input, assertion: { ...input.assertion, algorithm: 'EdDSA' } })
    expect(parsed).toMatchObject({ fault: [{ path: 'assertion.algorithm' }] })
  })

  test('is never written into the file', () => {
    const parsed = parseConfig({ ...input, assertion: { keys: JSON.stringify(jwk) } })
    expect(parsed).toMatchObject({ fault: [{ path: 'assertion.keys' }] })
  })
})
