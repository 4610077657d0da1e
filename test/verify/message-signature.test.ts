import { exportJWK } from 'jose'
import { describe, expect, test } from 'vitest'
import { hmacMessageSigner } from '../../src/adapters/jose/signer.ts'
import { type MessageSigner, messageSignature, type SentMessage } from '../../src/identity/message-signature.ts'
import { type KeySource, localKeys } from '../../src/verify/assertion.ts'
import { type MessageOptions, type ReceivedMessage, verifyMessage } from '../../src/verify/message-signature.ts'
import { T } from '../identity/people.ts'

type Plain = { method: string; authority: string; target: string; headers: Readonly<Record<string, string>> }

function received(plain: Plain): ReceivedMessage {
  return { ...plain, header: (name) => plain.headers[name] ?? null, names: Object.keys(plain.headers) }
}

const SENT: SentMessage = {
  method: 'POST',
  authority: 'rooms.internal:2567',
  path: '/rooms/1',
  query: "?it's=raw",
  headers: [
    ['Postern-Assertion', 'a.b.c'],
    ['Postern-User', 'u1'],
  ],
  contentDigest: 'sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:',
}

async function arrive(signer: MessageSigner, over: Partial<Plain> = {}): Promise<Plain> {
  const added = await messageSignature(SENT, signer, T, (count) => crypto.getRandomValues(new Uint8Array(count)))
  const digest: [string, string] = ['content-digest', SENT.contentDigest ?? '']
  const all = [...SENT.headers, ...added, digest].map(([name, value]) => [name.toLowerCase(), value])
  return {
    method: 'POST',
    authority: 'Rooms.internal:2567',
    target: "/rooms/1?it's=raw",
    headers: Object.fromEntries(all),
    ...over,
  }
}

const SECRET = { keyId: 'shared-1', bytes: new Uint8Array(32).fill(3) }
const OPTIONS: MessageOptions = { assertionHeader: 'Postern-Assertion', leewaySeconds: 10, now: T }
const NO_KEYS: KeySource = localKeys({ keys: [] })

async function hmac(): Promise<MessageSigner> {
  return hmacMessageSigner(SECRET.keyId, SECRET.bytes)
}

async function code(plain: Plain, over: Partial<MessageOptions> = {}, keys: KeySource = NO_KEYS): Promise<string> {
  try {
    await verifyMessage(received(plain), keys, { ...OPTIONS, secret: SECRET, ...over })
    return 'good'
  } catch (problem) {
    return problem instanceof Error && 'code' in problem ? String(problem.code) : String(problem)
  }
}

describe('verifyMessage() refuses', () => {
  async function refused(over: Partial<Plain>, options: Partial<MessageOptions> = {}): Promise<string> {
    return code(await arrive(await hmac(), over), options)
  }
  async function refusedWith(change: (headers: Record<string, string>) => void): Promise<string> {
    const plain = await arrive(await hmac())
    const headers = { ...plain.headers }
    change(headers)
    return code({ ...plain, headers })
  }

  test('another method', async () => expect(await refused({ method: 'DELETE' })).toBe('signature_mismatch'))
  test('another path', async () => expect(await refused({ target: "/admin?it's=raw" })).toBe('signature_mismatch'))
  test('another query', async () => expect(await refused({ target: '/rooms/1?x' })).toBe('signature_mismatch'))
  test('another authority', async () =>
    expect(await refused({ authority: 'chat.internal' })).toBe('signature_mismatch'))
  test('another user header', async () => {
    expect(await refusedWith((headers) => Object.assign(headers, { 'postern-user': 'u2' }))).toBe('signature_mismatch')
  })
  test('an added identity header that is not covered', async () => {
    expect(await refusedWith((headers) => Object.assign(headers, { 'postern-guest': 'true' }))).toBe(
      'signature_coverage',
    )
  })
  test('a covered header that was taken away', async () => {
    expect(await refusedWith((headers) => delete headers['postern-user'])).toBe('signature_coverage')
  })
  test('another content digest', async () => {
    expect(await refusedWith((headers) => Object.assign(headers, { 'content-digest': 'sha-256=:AA==:' }))).toBe(
      'signature_mismatch',
    )
  })
  test('a request without signature', async () => {
    expect(await refusedWith((headers) => delete headers['signature'])).toBe('signature_missing')
  })
  test('a signature that is not a structured field', async () => {
    expect(await refusedWith((headers) => Object.assign(headers, { signature: 'postern=abc' }))).toBe(
      'signature_malformed',
    )
  })
  test('two signatures of the gateway', async () => {
    const twice = await refusedWith((headers) => {
      headers['signature-input'] = `${headers['signature-input']}, other=();tag="postern"`
    })
    expect(twice).toBe('signature_malformed')
  })
  test('a signature 11 s over', async () => expect(await refused({}, { now: T + 71 })).toBe('signature_expired'))
  test('not a signature 9 s over', async () => expect(await refused({}, { now: T + 69 })).toBe('good'))
  test('a signature made 11 s from now', async () =>
    expect(await refused({}, { now: T - 11 })).toBe('signature_from_future'))
  test('not a signature made 10 s from now', async () => expect(await refused({}, { now: T - 10 })).toBe('good'))
  test('another shared secret', async () => {
    const secret = { ...SECRET, bytes: new Uint8Array(32).fill(4) }
    expect(await refused({}, { secret })).toBe('signature_mismatch')
  })
  test('an unknown key id', async () => {
    expect(await refused({}, { secret: { ...SECRET, keyId: 'shared-2' } })).toBe('signature_unknown_key')
  })
  test('a request that was seen before', async () => {
    const nonces = new Set<string>()
    const seen = (nonce: string): boolean => nonces.size === nonces.add(nonce).size
    const plain = await arrive(await hmac())
    expect([await code(plain, { seen }), await code(plain, { seen })]).toEqual(['good', 'signature_replayed'])
  })
})

test('a JWKS key cannot be used as a shared secret', async () => {
  const pair = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])
  const jwk = 'publicKey' in pair ? await exportJWK(pair.publicKey) : {}
  const forged = await hmacMessageSigner('k1', new Uint8Array(32).fill(1))
  const keys = localKeys({ keys: [{ ...jwk, kid: 'k1', alg: 'EdDSA' }] })
  const plain = await arrive(forged)
  await expect(verifyMessage(received(plain), keys, OPTIONS)).rejects.toMatchObject({ code: 'signature_mismatch' })
})
