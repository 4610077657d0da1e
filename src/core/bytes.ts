const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** UTF-8 bytes of a string. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text) as Uint8Array<ArrayBuffer>
}

/** The string of UTF-8 bytes; broken sequences become U+FFFD. */
export function text(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

/** Pieces as one; `size` is what they have together. */
export function joined(pieces: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(size)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.byteLength
  }
  return whole
}

/** Most bytes that are made into text by one call: engines bound its arguments. */
const PIECE = 4096

/** base64url without padding (RFC 4648 section 5). */
export function base64url(bytes: Uint8Array): string {
  let binary = ''
  // WHY: piece by piece; a text that grows by single characters takes thirty times the memory of its bytes.
  for (let at = 0; at < bytes.length; at += PIECE)
    binary += String.fromCharCode.apply(null, bytes.subarray(at, at + PIECE) as unknown as number[])
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** Bytes of a base64url string without padding; null when it is not one in its only spelling. */
export function fromBase64url(value: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[A-Za-z0-9_-]*$/.test(value) || value.length % 4 === 1) return null
  const binary = atob(value.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  // ATTACK: the unused bits of the last character give one value several spellings.
  return base64url(bytes) === value ? bytes : null
}

/** Lower-case hexadecimal. */
export function hex(bytes: Uint8Array): string {
  let out = ''
  for (const byte of bytes) out += byte.toString(16).padStart(2, '0')
  return out
}

/** SHA-256 of bytes. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
}

/** base64url SHA-256 of a string: how every secret is kept. */
export async function digest(value: string): Promise<string> {
  return base64url(await sha256(utf8(value)))
}

/** Whether two byte strings are equal, in time that depends on their lengths only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length
  const length = Math.max(a.length, b.length)
  for (let i = 0; i < length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0)
  return difference === 0
}

/** Whether two secrets are equal, in time that depends on neither: both sides are hashed first. */
export async function equalSecrets(a: string, b: string): Promise<boolean> {
  return equalBytes(await sha256(utf8(a)), await sha256(utf8(b)))
}

/**
 * An HMAC-SHA-256 key derived from root key material; `purpose` keeps keys of different uses apart.
 *
 * @see RFC 5869 (HKDF)
 */
export async function hmacKey(root: Uint8Array<ArrayBuffer>, purpose: string): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey('raw', root, 'HKDF', false, ['deriveKey'])
  const derivation = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info: utf8(purpose) }
  return crypto.subtle.deriveKey(derivation, base, { name: 'HMAC', hash: 'SHA-256', length: 256 }, false, ['sign'])
}
