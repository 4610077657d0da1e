import type { Credentials } from '../core/ask.ts'
import { bearerOf, isAccessToken } from '../core/bearer.ts'
import type { Tag } from '../core/brand.ts'
import { base64url, digest, equalBytes, hmacKey, sha256, utf8 } from '../core/bytes.ts'

/** An API token as its owner holds it: `pst_<tag>_<secret><mac>`, 58 characters. */
const SHAPE = /^pst_([a-z2-7]{10})_([A-Za-z0-9_-]{32})([A-Za-z0-9_-]{11})$/

/** What the credential headers hold (seeds T1). */
export type Presented =
  /** Nothing of ours: absent, empty, or another party's, which passes on unread. */
  | { readonly kind: 'none' }
  /** Shaped as ours, or one value that may be a static token. */
  | { readonly kind: 'token'; readonly value: string; readonly header: 'authorization' | 'x-api-token' }
  /** The access token of a session: a session in all respects, and no API token. */
  | { readonly kind: 'session' }
  /** Two credentials where one is allowed. */
  | { readonly kind: 'ambiguous' }

const NONE: Presented = { kind: 'none' }
const SESSION: Presented = { kind: 'session' }

/** Derives the key under which the macs of API tokens are made. */
export function apiTokenMac(root: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return hmacKey(root, 'postern api token mac 1')
}

/** Whether a word is a secret of this deployment that has no form of its own, such as a static token. */
type IsSecret = (word: string) => boolean

/**
 * The one API token a request presents. `Authorization` beats `X-Api-Token` and there is no second try; schemes have no
 * case; outer blanks do not count. One of ours beside anything else, in one line or in two that were joined: ambiguous.
 *
 * @see RFC 6750 section 2.1; seeds T1
 */
export function presentedToken(credentials: Credentials, isSecret: IsSecret): Presented {
  const { authorization, apiToken } = credentials
  if (bearerOf(authorization) !== null) return SESSION
  const value = authorization === null ? '' : authorization.trim()
  if (value !== '' && !/^(bearer|token)$/i.test(value)) return fromAuthorization(value, isSecret)
  if (apiToken === null || apiToken.trim() === '') return NONE
  return single(apiToken.trim(), 'x-api-token', isSecret)
}

function fromAuthorization(value: string, isSecret: IsSecret): Presented {
  const [, scheme, rest] = /^(\S+)\s+(.*)$/.exec(value) ?? []
  if (scheme === undefined || rest === undefined) return single(value, 'authorization', isSecret)
  if (/^(bearer|token)$/i.test(scheme)) return single(rest.trim(), 'authorization', isSecret)
  return value.includes(',') && hasOurs(value, isSecret) ? { kind: 'ambiguous' } : NONE
}

function single(value: string, header: 'authorization' | 'x-api-token', isSecret: IsSecret): Presented {
  if (/[,\s]/.test(value)) return hasOurs(value, isSecret) ? { kind: 'ambiguous' } : NONE
  return { kind: 'token', value, header }
}

function hasOurs(list: string, isSecret: IsSecret): boolean {
  return list.split(/[\s,]/).some((word) => isOurs(word) || isSecret(word))
}

/** Whether a value is meant for us: then it must be valid, and nothing else is tried. */
export function isOurs(value: string): boolean {
  return value.startsWith('pst_') || isAccessToken(value)
}

async function macOf(mac: CryptoKey, tag: string, secret: string): Promise<string> {
  const signature = await crypto.subtle.sign('HMAC', mac, utf8(`${tag}_${secret}`))
  return base64url(new Uint8Array(signature).subarray(0, 8))
}

/** The store key of a presented token; null when its mac is wrong, which costs no store call (DECISIONS 4). */
export async function readApiToken(mac: CryptoKey, value: string): Promise<string | null> {
  const [, tag, secret, given] = SHAPE.exec(value) ?? []
  if (tag === undefined || secret === undefined || given === undefined) return null
  if (!equalBytes(utf8(await macOf(mac, tag, secret)), utf8(given))) return null
  return `${tag}.${base64url(await sha256(utf8(secret)))}`
}

/** A fresh API token for an owner's tag: the text is shown once, the key is what is stored. */
export async function freshApiToken(
  mac: CryptoKey,
  tag: Tag,
  random: (count: number) => Uint8Array,
): Promise<{ readonly text: string; readonly key: string; readonly id: string }> {
  const secret = base64url(random(24))
  const text = `pst_${tag}_${secret}${await macOf(mac, tag, secret)}`
  const hash = await digest(secret)
  return { text, key: `${tag}.${hash}`, id: base64url(random(9)) }
}
