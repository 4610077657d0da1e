import type { CryptoKey } from 'jose'
import { errors } from 'jose'
import type { KeySource } from './assertion.ts'
import { KeysUnavailable, Refused } from './refusal.ts'
import { type InnerList, NotStructured, type Parameters, signatureInputs, signatures } from './structured.ts'

/** A request as the upstream received it, before any framework touched its target. */
export interface ReceivedMessage {
  readonly method: string
  /** The `Host` header. */
  readonly authority: string
  /** Path and query as they stood on the request line. */
  readonly target: string
  /** Value of a header, several lines joined by `, `; null when there is none. Names are lower-case. */
  header(name: string): string | null
  /** Names of all headers, lower-case. */
  readonly names: readonly string[]
}

/** Which signature a request must carry. */
export interface MessageOptions {
  /** Secret shared with the gateway, for `hmac-sha256`; without it the keys of the assertion are used. */
  readonly secret?: { readonly keyId: string; readonly bytes: Uint8Array<ArrayBuffer> }
  /** Header of the assertion; it must be covered. */
  readonly assertionHeader: string
  /** Further headers that this service believes, such as `Remote-User`: where one arrives, it must be covered. */
  readonly covered?: readonly string[]
  readonly leewaySeconds: number
  readonly now: number
  /** Answers true when this nonce was seen before; `expires` says until when to remember it. */
  readonly seen?: (nonce: string, expires: number) => boolean | Promise<boolean>
}

/** A key with the name of its algorithm in the HTTP Signature Algorithms registry. */
export interface MessageKey {
  readonly algorithm: 'hmac-sha256' | 'ed25519' | 'ecdsa-p256-sha256'
  readonly key: CryptoKey
}

const TAG = 'postern'
const MOST_LIFE = 120
const ALGORITHMS: Readonly<Record<MessageKey['algorithm'], AlgorithmIdentifierOf>> = {
  'hmac-sha256': { name: 'HMAC' },
  ed25519: { name: 'Ed25519' },
  'ecdsa-p256-sha256': { name: 'ECDSA', hash: 'SHA-256' },
}

type AlgorithmIdentifierOf = { readonly name: string; readonly hash?: string }

function derived(name: string, message: ReceivedMessage): string {
  const mark = message.target.indexOf('?')
  switch (name) {
    case '@method':
      return message.method
    case '@authority':
      return message.authority.toLowerCase()
    case '@path':
      return mark === -1 ? message.target : message.target.slice(0, mark)
    case '@query':
      return mark === -1 ? '?' : message.target.slice(mark)
    case '@request-target':
      return message.target
    default:
      throw new Refused('signature_coverage', `component ${name} is not one of ours`)
  }
}

function component(item: InnerList['items'][number], message: ReceivedMessage): readonly [string, string] {
  const name = item.value
  if (typeof name !== 'string') throw new Refused('signature_malformed', 'a component name is a string')
  // WHY: Postern sets no parameter on a component; one that is not understood must not be skipped (RFC 9421 section 3.2).
  if (item.parameters.size > 0) throw new Refused('signature_coverage', `component ${name} has parameters`)
  if (name.startsWith('@')) return [name, derived(name, message)]
  const value = message.header(name)
  if (value === null) throw new Refused('signature_coverage', `covered header ${name} is not there`)
  return [name, value.trim()]
}

/**
 * The bytes a signature was made over, rebuilt from what arrived.
 *
 * @see RFC 9421 section 2.5
 */
export function receivedBase(input: InnerList, message: ReceivedMessage): Uint8Array<ArrayBuffer> {
  const lines = new Map<string, string>()
  for (const item of input.items) {
    const [name, value] = component(item, message)
    if (lines.has(name)) throw new Refused('signature_malformed', `component ${name} stands twice`)
    lines.set(name, value)
  }
  const text = [...lines].map(([name, value]) => `"${name}": ${value}`)
  return new TextEncoder().encode([...text, `"@signature-params": ${input.text}`].join('\n'))
}

/** Whether a signature over these bytes is this key's. */
export function matches(
  key: MessageKey,
  signature: Uint8Array<ArrayBuffer>,
  base: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  return crypto.subtle.verify(ALGORITHMS[key.algorithm], key.key, signature, base)
}

function ours(message: ReceivedMessage): { readonly input: InnerList; readonly signature: Uint8Array<ArrayBuffer> } {
  const [input, signature] = [message.header('signature-input'), message.header('signature')]
  if (input === null || signature === null) throw new Refused('signature_missing', 'the request is not signed')
  try {
    const tagged = [...signatureInputs(input)].filter(([, list]) => list.parameters.get('tag') === TAG)
    const [found, more] = tagged
    if (found === undefined) throw new Refused('signature_missing', 'no signature of the gateway')
    if (more !== undefined) throw new Refused('signature_malformed', 'more than one signature of the gateway')
    const bytes = signatures(signature).get(found[0])
    if (bytes === undefined) throw new Refused('signature_missing', `no signature ${found[0]}`)
    return { input: found[1], signature: bytes }
  } catch (problem) {
    if (problem instanceof NotStructured) throw new Refused('signature_malformed', problem.message, { cause: problem })
    throw problem
  }
}

/** Method, authority, path, query, the assertion, every `Postern-` header, a `Content-Digest` and what the service names must be covered. */
function requireCoverage(input: InnerList, message: ReceivedMessage, options: MessageOptions): void {
  const covered = new Set(input.items.map((item) => item.value))
  // ATTACK: a header of a dialect that the gateway had nothing to say in can be added on the way, and breaks no signature.
  const believed = new Set(['content-digest', ...(options.covered ?? []).map((name) => name.toLowerCase())])
  const identity = message.names.filter((name) => name.startsWith('postern-') || believed.has(name))
  const wanted = ['@method', '@authority', '@path', '@query', options.assertionHeader.toLowerCase(), ...identity]
  const missing = wanted.filter((name) => !covered.has(name))
  if (missing.length > 0) throw new Refused('signature_coverage', `not covered: ${missing.join(', ')}`)
}

function whole(parameters: Parameters, name: string): number {
  const value = parameters.get(name)
  if (typeof value !== 'number') throw new Refused('signature_malformed', `no ${name}`)
  return value
}

function word(parameters: Parameters, name: string): string {
  const value = parameters.get(name)
  if (typeof value !== 'string' || value === '') throw new Refused('signature_malformed', `no ${name}`)
  return value
}

function requireTime(parameters: Parameters, options: MessageOptions): number {
  const [created, expires] = [whole(parameters, 'created'), whole(parameters, 'expires')]
  if (expires - created > MOST_LIFE) throw new Refused('signature_malformed', 'a life of more than 120 s')
  if (created > options.now + options.leewaySeconds) throw new Refused('signature_from_future', 'created in the future')
  if (expires <= options.now - options.leewaySeconds) throw new Refused('signature_expired', 'the signature is over')
  return expires
}

async function publishedKey(keys: KeySource, kid: string): Promise<MessageKey> {
  const token = { payload: '', signature: '' }
  for (const [alg, algorithm] of [
    ['ES256', 'ecdsa-p256-sha256'],
    ['EdDSA', 'ed25519'],
  ] as const) {
    try {
      const key = await keys({ alg, kid }, token)
      if (key instanceof Uint8Array || !('type' in key) || key.type !== 'public' || !('algorithm' in key)) break
      return { algorithm, key }
    } catch (problem) {
      if (!(problem instanceof errors.JWKSNoMatchingKey)) throw new KeysUnavailable(problem)
    }
  }
  throw new Refused('signature_unknown_key', 'no published key has this keyid')
}

async function keyFor(keyId: string, keys: KeySource, options: MessageOptions): Promise<MessageKey> {
  const { secret } = options
  if (secret === undefined) return publishedKey(keys, keyId)
  if (secret.keyId !== keyId) throw new Refused('signature_unknown_key', 'not the shared secret')
  const key = await crypto.subtle.importKey('raw', secret.bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify'])
  return { algorithm: 'hmac-sha256', key }
}

/**
 * Checks that the gateway signed exactly this request. Throws `Refused` when it did not, `KeysUnavailable` when that
 * could not be found out.
 *
 * @see RFC 9421 section 3.2; the algorithm comes from the key, never from the message (section 7.3.6)
 */
export async function verifyMessage(message: ReceivedMessage, keys: KeySource, options: MessageOptions): Promise<void> {
  const { input, signature } = ours(message)
  requireCoverage(input, message, options)
  const expires = requireTime(input.parameters, options)
  const nonce = word(input.parameters, 'nonce')
  const key = await keyFor(word(input.parameters, 'keyid'), keys, options)
  if (!(await matches(key, signature, receivedBase(input, message)))) {
    throw new Refused('signature_mismatch', 'the signature is not over this request')
  }
  // INVARIANT: a nonce is remembered only after its signature was found good, so that nobody can burn another's.
  if (await options.seen?.(nonce, expires)) throw new Refused('signature_replayed', 'the request was seen before')
}
