import { expect, test } from 'vitest'
import { givenSigner } from '../../src/adapters/jose/given.ts'
import { parseSigningKeys } from '../../src/config/signing-keys.ts'
import { fromBase64url } from '../../src/core/bytes.ts'
import { deployment } from './support/deployment.ts'

test('keysGenerate() prints both secrets as lines of a file', async () => {
  const { code, out } = await deployment({}).postern('keys generate')
  expect(code).toBe(0)
  expect(out).toMatch(/^POSTERN_ROOT_SECRET="[\w-]{43}"\nPOSTERN_OPERATOR_KEY="[\w-]{43}"$/)
})

test('keysGenerate() makes 32 bytes, others each time', async () => {
  const here = deployment({})
  const made = async () => JSON.parse((await here.postern('keys generate --json')).out).POSTERN_ROOT_SECRET
  const [first, second] = [await made(), await made()]
  expect(fromBase64url(first)?.length).toBe(32)
  expect(first).not.toBe(second)
})

test('keysGenerate() keeps to one of them', async () => {
  const { out } = await deployment({}).postern('keys generate --only operator')
  expect(out).toMatch(/^POSTERN_OPERATOR_KEY="[\w-]{43}"$/)
})

test('keysGenerate() names what there is', async () => {
  const { code, err } = await deployment({}).postern('keys generate --only session')
  expect(code).toBe(2)
  expect(err).toContain('Allowed choices are root, operator, signing')
})

test.each([
  ['ES256', 'P-256'],
  ['EdDSA', 'Ed25519'],
])('keysGenerate() makes a signing key for %s that a configuration takes', async (algorithm, crv) => {
  const { out } = await deployment({}).postern(`keys generate --only signing --algorithm ${algorithm}`)
  const value = /^POSTERN_SIGNING_KEYS='([^']+)'$/.exec(out)?.[1] ?? ''
  expect(parseSigningKeys(value)).toMatchObject({ ok: true, value: [{ jwk: { crv } }] })
  const signer = await givenSigner([{ jwk: JSON.parse(value) }])
  expect((await signer.list())[0]).toMatchObject({ algorithm, state: 'current' })
})
