import { base64url } from '../core/bytes.ts'

const ID_LENGTH = 16
let ids = ''
let used = 0

/** A fresh request id: 16 base64url characters of 12 random bytes; 256 of them are drawn at once. */
export function requestId(): string {
  if (used === ids.length) {
    ids = base64url(crypto.getRandomValues(new Uint8Array(12 * 256)))
    used = 0
  }
  used += ID_LENGTH
  return ids.slice(used - ID_LENGTH, used)
}
