import { createHash } from 'node:crypto'
import { exportJWK, generateKeyPair } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { callback, oidcAt, refused } from './support/attack.ts'
import { type HostileOp, hostileOp, json } from './support/hostile-op.ts'

let op: HostileOp
beforeAll(async () => {
  op = await hostileOp()
})
beforeEach(() => op.reset())
afterAll(() => op.close())

const TOKEN = 'an-access-token'

/** What a provider states of an access token under a hash: the left half of it. */
function half(hash: string, token = TOKEN): string {
  const whole = createHash(hash).update(token).digest()
  return whole.subarray(0, whole.length / 2).toString('base64url')
}

/** Answers the exchange with `TOKEN` and an ID token under `alg` that states `atHash` of it. */
async function answerUnder(alg: string, atHash: unknown, token: unknown = TOKEN): Promise<void> {
  const keys = await generateKeyPair(alg, { extractable: true })
  op.metadata = { id_token_signing_alg_values_supported: [alg] }
  op.jwks = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'honest' }] }
  op.on('/token', async (_request, response) => {
    const claims = { ...op.honestClaims(), at_hash: atHash }
    json(response, {
      access_token: token,
      token_type: 'Bearer',
      id_token: await op.sign(claims, { alg }, keys.privateKey),
    })
  })
}

const HASHES = [
  ['RS256', 'sha256'],
  ['PS384', 'sha384'],
  ['RS512', 'sha512'],
  ['ES256', 'sha256'],
  ['ES384', 'sha384'],
  ['ES512', 'sha512'],
  ['EdDSA', 'sha512'],
  ['Ed25519', 'sha512'],
] as const

test.each(HASHES)('finish() takes an ID token under %s that states the access token by %s', async (alg, hash) => {
  await answerUnder(alg, half(hash))
  expect((await callback(op, oidcAt(op))).ok).toBe(true)
})

test.each(HASHES)(
  'finish() refuses an ID token under %s with the at_hash of another access token',
  async (alg, hash) => {
    await answerUnder(alg, half(hash, 'another-access-token'))
    expect(await callback(op, oidcAt(op))).toEqual(refused('at_hash'))
  },
)

test.each([
  ['RS256', 'sha512'],
  ['ES384', 'sha256'],
  ['EdDSA', 'sha256'],
] as const)('finish() refuses under %s an at_hash by %s: the algorithm chooses the hash', async (alg, hash) => {
  await answerUnder(alg, half(hash))
  expect(await callback(op, oidcAt(op))).toEqual(refused('at_hash'))
})

const WHOLE = createHash('sha256').update(TOKEN).digest('base64url')
test.each([
  ['is blank', ''],
  ['is the whole hash', WHOLE],
  ['is padded', `${half('sha256')}==`],
  ['is no text', 7],
  ['is a list', [half('sha256')]],
  ['is null', null],
])('finish() refuses an at_hash that %s (OpenID Connect Core 3.1.3.8)', async (_, atHash) => {
  await answerUnder('RS256', atHash)
  expect(await callback(op, oidcAt(op))).toEqual(refused('at_hash'))
})

test('finish() refuses an at_hash where there is no access token', async () => {
  await answerUnder('RS256', half('sha256'), null)
  expect(await callback(op, oidcAt(op))).toEqual(refused('at_hash'))
})

test('finish() asks userinfo with no access token that the ID token does not speak of', async () => {
  op.claims = { name: undefined }
  await answerUnder('RS256', half('sha256', 'another-access-token'))
  await callback(op, oidcAt(op))
  expect(op.hits.get('/userinfo')).toBeUndefined()
})
