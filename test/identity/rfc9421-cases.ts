/**
 * RFC 9421 as every runtime has to do it: the vectors of Appendix B that use our algorithms, and messages that we sign
 * and verify ourselves. Without a test library, so that Deno and workerd run the same list.
 */
import { hmacMessageSigner, joseSigner } from '../../src/adapters/jose/signer.ts'
import {
  type Component,
  type MessageSigner,
  messageSignature,
  type SentMessage,
  signatureBase,
  signatureInput,
} from '../../src/identity/message-signature.ts'
import { type KeySource, localKeys } from '../../src/verify/assertion.ts'
import {
  type MessageKey,
  matches,
  type ReceivedMessage,
  receivedBase,
  verifyMessage,
} from '../../src/verify/message-signature.ts'
import { signatureInputs, signatures } from '../../src/verify/structured.ts'
import { Clock, ROOT } from '../adapters/jose/clock.ts'
import { MemoryKeys } from '../adapters/jose/memory-keys.ts'
import { T } from './people.ts'
import { B_2_4, B_2_5, B_2_6, B_3, B_4, bytesOf, CREATED, ED25519, P256, REQUEST, SHARED_SECRET } from './rfc9421.ts'

/** One case: its title, and what was found; equal values are a pass. */
export type Case = readonly [title: string, run: () => Promise<{ readonly got: unknown; readonly wanted: unknown }>]

type Plain = { method: string; authority: string; target: string; headers: Readonly<Record<string, string>> }

function received(plain: Plain): ReceivedMessage {
  return { ...plain, header: (name) => plain.headers[name] ?? null, names: Object.keys(plain.headers) }
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

async function ed25519(): Promise<MessageKey> {
  const { kty, crv, x } = ED25519
  return {
    algorithm: 'ed25519',
    key: await crypto.subtle.importKey('jwk', { kty, crv, x }, 'Ed25519', true, ['verify']),
  }
}

async function p256(): Promise<MessageKey> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  return {
    algorithm: 'ecdsa-p256-sha256',
    key: await crypto.subtle.importKey('jwk', P256, algorithm, true, ['verify']),
  }
}

async function shared(): Promise<MessageKey> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', bytesOf(SHARED_SECRET), algorithm, true, ['verify'])
  return { algorithm: 'hmac-sha256', key }
}

async function holds(sample: { input: string; signature: string }, plain: Plain, key: Promise<MessageKey>) {
  const [[label, input] = []] = [...signatureInputs(sample.input)]
  const signature = signatures(sample.signature).get(label ?? '')
  if (input === undefined || signature === undefined) throw new Error('the sample has no signature')
  return matches(await key, signature, receivedBase(input, received(plain)))
}

const DATE: Component = ['date', 'Tue, 20 Apr 2021 02:07:55 GMT']
const TYPE: Component = ['content-type', 'application/json']
const AUTHORITY: Component = ['@authority', 'example.com']
const OF_B_2_6: Component[] = [DATE, ['@method', 'POST'], ['@path', '/foo'], AUTHORITY, TYPE, ['content-length', '18']]

async function hmacOfRfc() {
  const components = [DATE, AUTHORITY, TYPE]
  const input = signatureInput(components, [
    ['created', CREATED],
    ['keyid', 'test-shared-secret'],
  ])
  const base = signatureBase(components, input)
  const signer = await hmacMessageSigner('test-shared-secret', bytesOf(SHARED_SECRET))
  const { signature, algorithm } = await signer.signMessage(new TextEncoder().encode(base))
  const got = [`sig-b25=${input}`, base, `sig-b25=:${base64(signature)}:`, algorithm]
  return { got, wanted: [B_2_5.input, B_2_5.base, B_2_5.signature, 'hmac-sha256'] }
}

async function ed25519OfRfc() {
  const input = signatureInput(OF_B_2_6, [
    ['created', CREATED],
    ['keyid', 'test-key-ed25519'],
  ])
  const base = signatureBase(OF_B_2_6, input)
  const key = await crypto.subtle.importKey('jwk', ED25519, { name: 'Ed25519' }, false, ['sign'])
  const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', key, new TextEncoder().encode(base)))
  const got = [`sig-b26=${input}`, base, `sig-b26=:${base64(signature)}:`]
  return { got, wanted: [B_2_6.input, B_2_6.base, B_2_6.signature] }
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

/** What a verifier says of a message signed by `signer`: as it was sent, and sent to another path. */
async function said(
  signer: MessageSigner,
  keys: KeySource,
  secret?: { keyId: string; bytes: Uint8Array<ArrayBuffer> },
) {
  const added = await messageSignature(SENT, signer, T, (count) => crypto.getRandomValues(new Uint8Array(count)))
  const all = [...SENT.headers, ...added, ['content-digest', SENT.contentDigest ?? ''] as const]
  const headers = Object.fromEntries(all.map(([name, value]) => [name.toLowerCase(), value]))
  const options = { assertionHeader: 'Postern-Assertion', leewaySeconds: 10, now: T, ...(secret ? { secret } : {}) }
  const verdict = (target: string) =>
    verifyMessage(received({ method: 'POST', authority: SENT.authority, target, headers }), keys, options).then(
      () => 'good',
      (problem: unknown) => (problem instanceof Error && 'code' in problem ? problem.code : String(problem)),
    )
  const got = [await verdict("/rooms/1?it's=raw"), await verdict("/rooms/2?it's=raw")]
  return { got, wanted: ['good', 'signature_mismatch'] }
}

async function ownKey(algorithm: 'ES256' | 'EdDSA') {
  const signer = joseSigner({ keys: new MemoryKeys(), rootSecret: ROOT, algorithm, runtime: new Clock(T) })
  return said(signer, localKeys(JSON.parse(JSON.stringify(await signer.jwks()))))
}

async function ownSecret() {
  const secret = { keyId: 'shared-1', bytes: new Uint8Array(32).fill(3) }
  return said(await hmacMessageSigner(secret.keyId, secret.bytes), localKeys({ keys: [] }), secret)
}

function yes(answer: () => Promise<boolean>): Case[1] {
  return async () => ({ got: await answer(), wanted: true })
}

function no(answer: () => Promise<boolean>): Case[1] {
  return async () => ({ got: await answer(), wanted: false })
}

const CHANGED = { ...B_4.message, headers: { accept: '*/*, application/json' } }

/** Every case, in the order of the RFC, then ours. */
export const MESSAGE_CASES: readonly Case[] = [
  [
    'B.2.4 ECDSA P-256, the base of the RFC',
    yes(async () => matches(await p256(), bytesOf(B_2_4.signature), new TextEncoder().encode(B_2_4.base))),
  ],
  ['B.2.5 HMAC-SHA256, verified', yes(() => holds(B_2_5, REQUEST, shared()))],
  ['B.2.5 HMAC-SHA256, signed', hmacOfRfc],
  ['B.2.6 Ed25519, verified', yes(() => holds(B_2_6, REQUEST, ed25519()))],
  ['B.2.6 Ed25519, signed', ed25519OfRfc],
  ['B.2.6 of another method', no(() => holds(B_2_6, { ...REQUEST, method: 'PUT' }, ed25519()))],
  ['B.3 ECDSA P-256 behind a proxy', yes(() => holds(B_3, B_3.message, p256()))],
  ['B.4 Ed25519', yes(() => holds(B_4, B_4.message, ed25519()))],
  [
    'B.4 with a query parameter added',
    yes(() => holds(B_4, { ...B_4.message, target: `${B_4.message.target}&param=added` }, ed25519())),
  ],
  ['B.4 of another authority', no(() => holds(B_4, { ...B_4.message, authority: 'example.com' }, ed25519()))],
  ['B.4 with values in another order', no(() => holds(B_4, CHANGED, ed25519()))],
  ['our own with ECDSA P-256', () => ownKey('ES256')],
  ['our own with Ed25519', () => ownKey('EdDSA')],
  ['our own with HMAC-SHA256', ownSecret],
]
