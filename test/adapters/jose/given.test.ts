import { createLocalJWKSet, exportJWK, exportPKCS8, generateKeyPair, type JWK, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { givenRing, givenSigner } from '../../../src/adapters/jose/given.ts'
import { joseSigner } from '../../../src/adapters/jose/signer.ts'
import type { GivenKey } from '../../../src/ports/signer.ts'
import { Clock, note, ROOT } from './clock.ts'
import { MemoryKeys } from './memory-keys.ts'

async function privateJwk(algorithm: 'ES256' | 'EdDSA'): Promise<JWK> {
  return exportJWK((await generateKeyPair(algorithm, { extractable: true })).privateKey)
}

function given(...jwks: readonly JWK[]): readonly GivenKey[] {
  return jwks.map((jwk) => ({ jwk: jwk as Readonly<Record<string, unknown>> }))
}

test('givenSigner() signs with the first key and publishes all, public parts only', async () => {
  const signer = await givenSigner(given(await privateJwk('ES256'), await privateJwk('EdDSA')))
  const jwks = await signer.jwks()
  expect(jwks.keys.map((key) => [key['alg'], 'd' in key])).toEqual([
    ['ES256', false],
    ['EdDSA', false],
  ])
  const { protectedHeader } = await jwtVerify(
    await signer.sign({}),
    createLocalJWKSet(JSON.parse(JSON.stringify(jwks))),
  )
  expect(protectedHeader.kid).toBe(jwks.keys[0]?.['kid'])
})

test.each(['ES256', 'EdDSA'] as const)('givenSigner() takes %s as PEM', async (algorithm) => {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
  const signer = await givenSigner([{ pem: await exportPKCS8(privateKey) }])
  const { protectedHeader } = await jwtVerify(await signer.sign({}), publicKey)
  expect(protectedHeader.alg).toBe(algorithm)
})

test('givenSigner() signs messages with the algorithm of the key', async () => {
  const signer = await givenSigner(given(await privateJwk('EdDSA')))
  expect((await signer.signMessage(new Uint8Array(3))).algorithm).toBe('ed25519')
})

test('givenSigner() refuses no key', async () => await expect(givenSigner([])).rejects.toThrow('there is no key'))

test('givenSigner() refuses a public key', async () => {
  const { d: _, ...open } = await privateJwk('ES256')
  await expect(givenSigner(given(open))).rejects.toThrow('key 1 has no private part')
})

test.each(['ES256', 'EdDSA'] as const)('givenSigner() refuses halves of two keys of %s', async (algorithm) => {
  const [one, other] = [await privateJwk(algorithm), await privateJwk(algorithm)]
  const { d: _, ...open } = other
  const mixed = given(one, { ...open, ...(one.d === undefined ? {} : { d: one.d }) })
  await expect(givenSigner(mixed)).rejects.toThrow(/^key 2 (is not a usable|has a public part that does not belong)/)
})

test('givenSigner() refuses a point that is not on the curve, and quotes nothing of it', async () => {
  const jwk = { ...(await privateJwk('ES256')), x: 'A'.repeat(43) }
  await expect(givenSigner(given(jwk))).rejects.toThrow(/^key 1 is not a usable P-256 key$/)
})

test('givenSigner() refuses PKCS #8 of another kind', async () => {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  await expect(givenSigner([{ pem: await exportPKCS8(privateKey) }])).rejects.toThrow('neither P-256 nor Ed25519')
})

test('givenSigner() refuses one kid for two keys', async () => {
  const keys = [await privateJwk('ES256'), await privateJwk('ES256')].map((jwk) => ({ ...jwk, kid: 'same' }))
  await expect(givenSigner(given(...keys))).rejects.toThrow('two keys have the kid same')
})

test('givenRing() lists the given keys and leaves changing them to the secret', async () => {
  const signer = await givenSigner(given(await privateJwk('ES256'), await privateJwk('EdDSA')))
  const clock = new Clock(1_800_000_000)
  const own = joseSigner({ keys: new MemoryKeys(), rootSecret: ROOT, algorithm: 'ES256', runtime: clock })
  const ring = givenRing(signer, own, 'MY_KEYS')
  const rotation = note('key-rotated', clock.time)
  expect((await ring.list()).map(({ state }) => state)).toEqual(['current', 'published'])
  expect(await ring.rotate(rotation)).toEqual({ kind: 'given', secret: 'MY_KEYS' })
  expect(await ring.revoke((await ring.list())[0]?.kid ?? '', rotation)).toEqual({ kind: 'given', secret: 'MY_KEYS' })
  const jws = await ring.attest({ of: 'the record' })
  expect(await ring.attested(jws, { of: 'the record' })).toBe(true)
  expect(await ring.attested(jws, { of: 'another' })).toBe(false)
})
