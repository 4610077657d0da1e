import { ACCESS_TOKEN_PREFIX } from '../core/bearer.ts'
import type { Target } from '../core/target.ts'
import type { Gateway } from '../ports/gateway.ts'
import { sessionTokenIn } from './access-token.ts'
import { readApiToken } from './api-token.ts'

/** A token of ours anywhere in a text: an API token, or the access token of a session. */
const ANYWHERE = /pst_[a-z2-7]{10}_[A-Za-z0-9_-]{43}|pss_[a-z2-7]{10}\.[A-Za-z0-9_-]{32}\.[A-Za-z0-9_-]{11}/g
/** Of how many the mac is computed: clients choose how many there are. */
const MOST_IN_ADDRESS = 16

function mayHold(text: string): boolean {
  return text.includes('pst_') || text.includes(ACCESS_TOKEN_PREFIX)
}

/** What of a gateway finds static tokens in a text. */
type Finder = Pick<Gateway, 'ownSecretsIn'>
type Address = Pick<Target, 'path' | 'query'>

function tokensIn({ path, query }: Address): readonly string[] | null {
  if (!mayHold(query) && !mayHold(path)) return null
  return `${path}${query}`.match(ANYWHERE)
}

function holdsSecret({ path, query }: Address, { ownSecretsIn }: Finder): boolean {
  return ownSecretsIn(query).length > 0 || ownSecretsIn(path).length > 0
}

/** Whether an address may hold a credential of ours: a static token, or a word that looks like an API or access token. */
export function looksTokened(target: Address, finder: Finder): boolean {
  return tokensIn(target) !== null || holdsSecret(target, finder)
}

/** Whether a text holds what looks like an API or access token of ours. */
export function looksShown(text: string): boolean {
  return mayHold(text) && text.search(ANYWHERE) !== -1
}

/** A text for a log without static tokens, and without what looks like another token of ours. */
export function withoutTokens(text: string, { ownSecretsIn }: Finder): string {
  const clean = ownSecretsIn(text).reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text)
  return mayHold(clean) ? clean.replace(ANYWHERE, (token) => `${token.slice(0, 4)}[redacted]`) : clean
}

/**
 * Whether an address holds a static token, or a token made here, revoked and expired ones included: false at once where
 * nothing in it looks like one. No store call.
 *
 * @see RFC 6750 section 5.3 (no bearer tokens in page URLs)
 */
export function holdsToken(
  target: Address,
  gateway: Finder & Pick<Gateway, 'apiMac' | 'readToken'>,
): false | Promise<boolean> {
  if (holdsSecret(target, gateway)) return Promise.resolve(true)
  const words = tokensIn(target)
  if (words === null) return false
  const reading = words.slice(0, MOST_IN_ADDRESS).map((word) => keyOf(word, gateway))
  return Promise.all(reading).then((keys) => keys.some((key) => key !== null))
}

async function keyOf(
  word: string,
  { apiMac, readToken }: Pick<Gateway, 'apiMac' | 'readToken'>,
): Promise<string | null> {
  const ofSession = sessionTokenIn(word)
  return ofSession === null ? readApiToken(apiMac, word) : readToken(ofSession)
}
