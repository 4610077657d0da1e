import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { givenSigner } from '../../../src/adapters/jose/given.ts'

async function privateJwk(algorithm: 'ES256' | 'EdDSA') {
  return exportJWK((await generateKeyPair(algorithm, { extractable: true })).privateKey)
}

test('givenSigner() signs with the first key and publishes all, public parts only', async () => {
  const keys = [await privateJwk('ES256'), await privateJwk('EdDSA')]
  const signer = await givenSigner(keys)
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

test('givenSigner() signs messages with the algorithm of the key', async () => {
  const signer = await givenSigner([await privateJwk('EdDSA')])
  expect((await signer.signMessage(new Uint8Array(3))).algorithm).toBe('ed25519')
})

test('givenSigner() refuses no key', async () => await expect(givenSigner([])).rejects.toThrow('no signing key'))

test('givenSigner() refuses a public key', async () => {
  const { d: _, ...open } = await privateJwk('ES256')
  await expect(givenSigner([open])).rejects.toThrow('private part')
})

test('givenSigner() refuses an RSA key', async () => {
  await expect(givenSigner([{ kty: 'RSA', n: 'x', e: 'AQAB' }])).rejects.toThrow('RSA')
})

test('givenSigner() refuses one kid for two keys', async () => {
  const keys = [await privateJwk('ES256'), await privateJwk('ES256')].map((jwk) => ({ ...jwk, kid: 'same' }))
  await expect(givenSigner(keys)).rejects.toThrow('one kid')
})
