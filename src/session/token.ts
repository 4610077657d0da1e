import type { Brand, SessionKey, Sid, Tag } from '../core/brand.ts'
import { base64url, equalBytes, hmacKey, sha256, utf8 } from '../core/bytes.ts'

/** A session token as the cookie carries it: `<tag>.<secret>.<mac>`, 55 characters. */
export type SessionToken = Brand<string, 'SessionToken'>

const SHAPE = /^([a-z2-7]{10})\.([A-Za-z0-9_-]{32})\.([A-Za-z0-9_-]{11})$/
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

/** Signs and checks tokens; made from the root secret once. */
export type TokenMac = CryptoKey

/** What the key of token macs is for, as its derivation is told (RFC 5869 section 3.2, `info`). */
export const TOKEN_PURPOSE = 'postern session token mac 1'
/** Bytes of the HMAC that a token carries. */
export const MAC_BYTES = 8

/**
 * The key under which token macs are made.
 *
 * @param root - at least 32 random bytes
 * @see RFC 5869 (HKDF)
 */
export async function tokenMac(root: Uint8Array<ArrayBuffer>): Promise<TokenMac> {
  return hmacKey(root, TOKEN_PURPOSE)
}

/** A fresh tag: ten random characters that say nothing about the user. */
export function freshTag(random: (count: number) => Uint8Array): Tag {
  let tag = ''
  for (const byte of random(10)) tag += ALPHABET[byte & 31]
  return tag as Tag
}

/** A fresh public session name. */
export function freshSid(random: (count: number) => Uint8Array): Sid {
  return base64url(random(16)) as Sid
}

async function macOf(mac: TokenMac, tag: string, secret: string): Promise<string> {
  const signature = await crypto.subtle.sign('HMAC', mac, utf8(`${tag}.${secret}`))
  return base64url(new Uint8Array(signature).subarray(0, MAC_BYTES))
}

async function keyOf(tag: string, secret: string): Promise<SessionKey> {
  return `${tag}.${base64url(await sha256(utf8(secret)))}` as SessionKey
}

/** A fresh token for a user's tag, with the key it is stored under; the token itself is never stored. */
export async function freshToken(
  mac: TokenMac,
  tag: Tag,
  random: (count: number) => Uint8Array,
): Promise<{ readonly token: SessionToken; readonly key: SessionKey }> {
  const secret = base64url(random(24))
  const token = `${tag}.${secret}.${await macOf(mac, tag, secret)}` as SessionToken
  return { token, key: await keyOf(tag, secret) }
}

/** What a value in the shape of a token is made of; null in any other shape. */
export function tokenParts(
  value: string,
): { readonly tag: string; readonly secret: string; readonly given: string } | null {
  const [, tag, secret, given] = SHAPE.exec(value) ?? []
  return tag === undefined || secret === undefined || given === undefined ? null : { tag, secret, given }
}

/** The store key of a presented token; null when it is not one of ours, which costs no store call. */
export async function readToken(mac: TokenMac, value: string): Promise<SessionKey | null> {
  const parts = tokenParts(value)
  if (parts === null) return null
  const { tag, secret, given } = parts
  // ATTACK: invented tags would make a store shard each; the mac is checked before the store is asked (DECISIONS 3).
  if (!equalBytes(utf8(await macOf(mac, tag, secret)), utf8(given))) return null
  return keyOf(tag, secret)
}
