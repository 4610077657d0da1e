import type { Credentials } from '../core/ask.ts'
import type { Tag } from '../core/brand.ts'
import { base64url, digest, equalBytes, hmacKey, sha256, utf8 } from '../core/bytes.ts'
import type { Target } from '../core/target.ts'

/** An API token as its owner holds it: `pst_<tag>_<secret><mac>`, 58 characters. */
const SHAPE = /^pst_([a-z2-7]{10})_([A-Za-z0-9_-]{32})([A-Za-z0-9_-]{11})$/

/** The same anywhere in an address. */
const IN_ADDRESS = /pst_[a-z2-7]{10}_[A-Za-z0-9_-]{43}/g
/** Of how many the mac is computed: clients choose how many there are. */
const MOST_IN_ADDRESS = 16

/** What the credential headers hold (seeds T1). */
export type Presented =
  /** Nothing of ours: absent, empty, or another party's, which passes on unread. */
  | { readonly kind: 'none' }
  /** Shaped as ours, or one value that may be a static token. */
  | { readonly kind: 'token'; readonly value: string; readonly header: 'authorization' | 'x-api-token' }
  /** Two credentials where one is allowed. */
  | { readonly kind: 'ambiguous' }

const NONE: Presented = { kind: 'none' }

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
  return list.includes('pst_') || list.split(/[\s,]/).some(isSecret)
}

/** Whether a value is meant for us: then it must be valid, and nothing else is tried. */
export function isOurs(value: string): boolean {
  return value.startsWith('pst_')
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

/** Words in an address that look like API tokens; null where there is none, which a search for four bytes says. */
export function tokensIn({ path, query }: Pick<Target, 'path' | 'query'>): readonly string[] | null {
  if (!query.includes('pst_') && !path.includes('pst_')) return null
  return `${path}${query}`.match(IN_ADDRESS)
}

/** A text for a log without what looks like an API token. */
export function withoutTokens(text: string): string {
  return text.includes('pst_') ? text.replace(IN_ADDRESS, 'pst_[redacted]') : text
}

/**
 * Whether an address holds an API token made here, revoked and expired ones included: false at once where nothing in it
 * looks like one. No store call.
 *
 * @see RFC 6750 section 5.3 (no bearer tokens in page URLs)
 */
export function holdsToken(target: Pick<Target, 'path' | 'query'>, mac: CryptoKey): false | Promise<boolean> {
  const words = tokensIn(target)
  if (words === null) return false
  const reading = words.slice(0, MOST_IN_ADDRESS).map((word) => readApiToken(mac, word))
  return Promise.all(reading).then((keys) => keys.some((key) => key !== null))
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
