import type { Seconds } from '../core/brand.ts'
import { utf8 } from '../core/bytes.ts'
import type { Signer } from '../ports/signer.ts'

/** A request as it is really sent to the upstream; the signature is computed last. */
export interface SentMessage {
  readonly method: string
  /** The Host the upstream sees (DECISIONS 26). */
  readonly authority: string
  /** Canonical path after rewriting; starts with `/`. */
  readonly path: string
  /** Raw query with its `?`; empty when there is none. */
  readonly query: string
  /** The identity headers, assertion included. */
  readonly headers: readonly (readonly [string, string])[]
  /** `Content-Digest` as the client sent it; null when it sent none. */
  readonly contentDigest: string | null
}

/** A covered component: its identifier and its value. */
export type Component = readonly [identifier: string, value: string]

/** Parameters of a signature, in the order in which they are written. */
export type SignatureParameters = readonly (readonly [name: string, value: string | number])[]

/** Signs a signature base; `currentKid` is the `keyid` that `signMessage` will answer. */
export type MessageSigner = Pick<Signer, 'signMessage' | 'currentKid'>

/** Label of the signature in both headers, and its `tag`. */
export const LABEL = 'postern'
const LIFE = 60
const NONCE_BYTES = 16
const VISIBLE = /^[\x20-\x7e]*$/

function quoted(text: string): string {
  if (!VISIBLE.test(text)) throw new RangeError('a signature parameter holds other bytes than printable ASCII')
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

/** The inner list and parameters as they stand in `Signature-Input` and in the last line of the base. */
export function signatureInput(components: readonly Component[], parameters: SignatureParameters): string {
  const names = components.map(([identifier]) => quoted(identifier)).join(' ')
  const rest = parameters.map(([name, value]) => `;${name}=${typeof value === 'number' ? value : quoted(value)}`)
  return `(${names})${rest.join('')}`
}

/**
 * The bytes that are signed.
 *
 * @param input - what `signatureInput` gave for the same components
 * @see RFC 9421 section 2.5
 */
export function signatureBase(components: readonly Component[], input: string): string {
  const lines = components.map(([identifier, value]) => `${quoted(identifier)}: ${value}`)
  return [...lines, `"@signature-params": ${input}`].join('\n')
}

/** The components Postern covers, in order; a `Content-Digest` that is not printable ASCII cannot be covered. */
export function coveredComponents(message: SentMessage): readonly Component[] {
  const digest = message.contentDigest?.trim() ?? ''
  return [
    ['@method', message.method],
    ['@authority', message.authority.toLowerCase()],
    ['@path', message.path],
    // RFC 9421 section 2.2.7: an absent query is covered as a lone question mark.
    ['@query', message.query === '' ? '?' : message.query],
    ...message.headers.map(([name, value]): Component => [name.toLowerCase(), value]),
    ...(digest !== '' && VISIBLE.test(digest) ? [['content-digest', digest] satisfies Component] : []),
  ]
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/**
 * `Signature-Input` and `Signature` for a request that is about to be sent: 60 s of life, a nonce, tag `postern`.
 *
 * @see RFC 9421 sections 2.3, 3.1 and 4; SPEC section 5
 */
export async function messageSignature(
  message: SentMessage,
  signer: MessageSigner,
  now: Seconds,
  random: (count: number) => Uint8Array,
): Promise<readonly (readonly [string, string])[]> {
  const components = coveredComponents(message)
  const nonce = toBase64Url(random(NONCE_BYTES))
  let keyId = await signer.currentKid()
  // WHY: the key id is part of what is signed, and the key may change between asking for it and signing.
  for (let tries = 0; tries < 3; tries++) {
    const input = signatureInput(components, [
      ['created', now],
      ['expires', now + LIFE],
      ['nonce', nonce],
      ['keyid', keyId],
      ['tag', LABEL],
    ])
    const made = await signer.signMessage(utf8(signatureBase(components, input)))
    if (made.keyId === keyId) {
      return [
        ['Signature-Input', `${LABEL}=${input}`],
        ['Signature', `${LABEL}=:${toBase64(made.signature)}:`],
      ]
    }
    keyId = made.keyId
  }
  throw new Error('the signing key changed three times while one message was signed')
}
