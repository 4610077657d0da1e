import { expect, test } from 'vitest'
import { hmacMessageSigner } from '../../src/adapters/jose/signer.ts'
import {
  coveredComponents,
  type MessageSigner,
  messageSignature,
  type SentMessage,
} from '../../src/identity/message-signature.ts'
import { T } from './people.ts'

const SENT: SentMessage = {
  method: 'GET',
  authority: 'Rooms.internal:2567',
  path: '/rooms/a%20b',
  query: '?x=%27&y',
  headers: [
    ['Postern-Assertion', 'a.b.c'],
    ['Postern-User', 'u1'],
  ],
  contentDigest: null,
}

test('coveredComponents() are method, authority, path, query and every identity header', () => {
  expect(coveredComponents(SENT)).toEqual([
    ['@method', 'GET'],
    ['@authority', 'rooms.internal:2567'],
    ['@path', '/rooms/a%20b'],
    ['@query', '?x=%27&y'],
    ['postern-assertion', 'a.b.c'],
    ['postern-user', 'u1'],
  ])
})

test('coveredComponents() covers an absent query as a question mark', () => {
  expect(coveredComponents({ ...SENT, query: '' })).toContainEqual(['@query', '?'])
})

test('coveredComponents() covers a content digest that the client sent', () => {
  const components = coveredComponents({ ...SENT, contentDigest: ' sha-256=:AAAA: ' })
  expect(components.at(-1)).toEqual(['content-digest', 'sha-256=:AAAA:'])
})

test('coveredComponents() cannot be broken out of by a content digest with a line feed', () => {
  expect(coveredComponents({ ...SENT, contentDigest: 'a\n"@path": /admin' })).toHaveLength(6)
})

/** Answers the signature base back, under the key ids it is told. */
function echoSigner(kids: string[]): MessageSigner {
  const current = kids.shift() ?? 'k'
  return {
    currentKid: async () => current,
    signMessage: async (base) => ({ keyId: kids.shift() ?? 'k', algorithm: 'ed25519', signature: base }),
  }
}

const ZEROS = (count: number): Uint8Array => new Uint8Array(count)

test('messageSignature() writes created, expires, nonce, keyid and tag', async () => {
  const headers = await messageSignature(SENT, echoSigner(['k1', 'k1']), T, ZEROS)
  expect(headers[0]).toEqual([
    'Signature-Input',
    'postern=("@method" "@authority" "@path" "@query" "postern-assertion" "postern-user");created=1800000000;expires=1800000060;nonce="AAAAAAAAAAAAAAAAAAAAAA";keyid="k1";tag="postern"',
  ])
  expect(headers[1]?.[0]).toBe('Signature')
})

test('messageSignature() signs again when the key changed in between', async () => {
  const [input] = await messageSignature(SENT, echoSigner(['k1', 'k2', 'k2']), T, ZEROS)
  expect(input?.[1]).toContain('keyid="k2"')
})

test('messageSignature() gives up when every signature has another key', async () => {
  await expect(messageSignature(SENT, echoSigner(['k1', 'k2', 'k3', 'k4']), T, ZEROS)).rejects.toThrow('three times')
})

test('hmacMessageSigner() refuses a secret of 31 bytes', async () => {
  await expect(hmacMessageSigner('k', new Uint8Array(31))).rejects.toThrow('31 bytes')
})
