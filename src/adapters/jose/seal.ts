import { base64url } from 'jose'

const encoder = new TextEncoder()
const IV_BYTES = 12

/** Encrypts small secrets under the root secret; `context` binds each one to its purpose and name. */
export interface Sealer {
  seal(secret: Uint8Array<ArrayBuffer>, context: string): Promise<string>
  /** Throws when the value was sealed under another root secret or for another context. */
  open(sealed: string, context: string): Promise<Uint8Array<ArrayBuffer>>
}

/** Bytes in a buffer of their own, as WebCrypto wants them. */
export function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}

/**
 * AES-256-GCM with a key derived from the root secret by HKDF-SHA-256; sealed form: base64url(iv | ciphertext | tag).
 *
 * @param root - the root secret, at least 32 bytes
 * @see RFC 5869; NIST SP 800-38D section 8.2.2 (random 96-bit IV)
 */
export async function sealer(
  root: Uint8Array<ArrayBuffer>,
  random: (count: number) => Uint8Array<ArrayBuffer>,
): Promise<Sealer> {
  if (root.length < 32) throw new RangeError(`root secret of ${root.length} bytes; at least 32 are needed`)
  const material = await crypto.subtle.importKey('raw', root, 'HKDF', false, ['deriveKey'])
  const key = await crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info: encoder.encode('postern signing keys 1') },
    material,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  )
  return {
    async seal(secret, context) {
      const iv = random(IV_BYTES)
      const algorithm = { name: 'AES-GCM', iv, additionalData: encoder.encode(context) }
      const closed = new Uint8Array(await crypto.subtle.encrypt(algorithm, key, secret))
      const joined = new Uint8Array(IV_BYTES + closed.length)
      joined.set(iv)
      joined.set(closed, IV_BYTES)
      return base64url.encode(joined)
    },
    async open(sealed, context) {
      const joined = ownBytes(base64url.decode(sealed))
      const algorithm = { name: 'AES-GCM', iv: joined.subarray(0, IV_BYTES), additionalData: encoder.encode(context) }
      return new Uint8Array(await crypto.subtle.decrypt(algorithm, key, joined.subarray(IV_BYTES)))
    },
  }
}
