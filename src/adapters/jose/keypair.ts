import { base64url, type CryptoKey, calculateJwkThumbprint, type JWK } from 'jose'
import type { Seconds } from '../../core/brand.ts'
import type { StoredKey } from '../../ports/keys.ts'
import type { Sealer } from './seal.ts'

/** Algorithms an assertion may be signed with. */
export type SigningAlgorithm = 'ES256' | 'EdDSA'

/** A key that can sign, with everything that is the same for each signature already computed. */
export interface SigningKey {
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  readonly activeAt: Seconds
  readonly createdAt: Seconds
  /** From when it neither signs nor is published; null while open. */
  readonly retiredAt: Seconds | null
  /** Public JWK as published. */
  readonly jwk: JWK
  readonly key: CryptoKey
  /** base64url of the JWS header, with the dot that follows it. */
  readonly header: string
}

/** One algorithm by its name for WebCrypto and for RFC 9421. */
export interface SignatureScheme {
  readonly generate: { readonly name: 'ECDSA'; readonly namedCurve: 'P-256' } | { readonly name: 'Ed25519' }
  readonly sign: { readonly name: 'ECDSA'; readonly hash: 'SHA-256' } | { readonly name: 'Ed25519' }
  /** Name in the HTTP Signature Algorithms registry. */
  readonly message: 'ecdsa-p256-sha256' | 'ed25519'
}

/** How each algorithm is called elsewhere. */
export const SCHEMES: Readonly<Record<SigningAlgorithm, SignatureScheme>> = {
  ES256: {
    generate: { name: 'ECDSA', namedCurve: 'P-256' },
    sign: { name: 'ECDSA', hash: 'SHA-256' },
    message: 'ecdsa-p256-sha256',
  },
  EdDSA: { generate: { name: 'Ed25519' }, sign: { name: 'Ed25519' }, message: 'ed25519' },
}

function isSigningAlgorithm(name: string): name is SigningAlgorithm {
  return name === 'ES256' || name === 'EdDSA'
}

function sealContext(kid: string): string {
  return `assertion ${kid}`
}

/** The JWS header of a key, encoded, with its dot. */
export function encodedHeader(algorithm: SigningAlgorithm, kid: string): string {
  return `${base64url.encode(JSON.stringify({ alg: algorithm, kid, typ: 'JWT' }))}.`
}

/**
 * A fresh key pair as the store keeps it: private part sealed, `kid` its thumbprint.
 *
 * @see RFC 7638; RFC 8037 for Ed25519
 */
export async function freshKey(
  algorithm: SigningAlgorithm,
  sealing: Sealer,
  now: Seconds,
  activeAt: Seconds,
): Promise<StoredKey> {
  const pair = await crypto.subtle.generateKey(SCHEMES[algorithm].generate, true, ['sign', 'verify'])
  if (!('privateKey' in pair)) throw new TypeError(`${algorithm} made no key pair`)
  // WHY: the types of Workers know one return type for every format.
  const { kty, crv, x, y } = (await crypto.subtle.exportKey('jwk', pair.publicKey)) as JsonWebKey
  if (kty === undefined || crv === undefined || x === undefined) throw new TypeError(`${algorithm} made no public key`)
  const core = { kty, crv, x, ...(y === undefined ? {} : { y }) }
  const kid = await calculateJwkThumbprint(core)
  const secret = new Uint8Array((await crypto.subtle.exportKey('pkcs8', pair.privateKey)) as ArrayBuffer)
  return {
    kid,
    purpose: 'assertion',
    algorithm,
    sealed: await sealing.seal(secret, sealContext(kid)),
    publicJwk: JSON.stringify({ ...core, kid, alg: algorithm, use: 'sig' }),
    createdAt: now,
    activeAt,
    retiredAt: null,
  }
}

/** A stored key, opened and imported; throws when it was sealed under another root secret. */
export async function openKey(stored: StoredKey, sealing: Sealer): Promise<SigningKey> {
  const { kid, algorithm, activeAt, createdAt, retiredAt } = stored
  if (!isSigningAlgorithm(algorithm)) throw new TypeError(`key ${kid}: unknown algorithm ${algorithm}; ES256 or EdDSA`)
  const secret = await sealing.open(stored.sealed, sealContext(kid))
  const key = await crypto.subtle.importKey('pkcs8', secret, SCHEMES[algorithm].generate, false, ['sign'])
  const jwk: JWK = JSON.parse(stored.publicJwk)
  return { kid, algorithm, activeAt, createdAt, retiredAt, jwk, key, header: encodedHeader(algorithm, kid) }
}
