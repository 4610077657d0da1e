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

/** Words in an address that look like tokens of ours; null where there is none, which a search for four bytes says. */
export function tokensIn({ path, query }: Pick<Target, 'path' | 'query'>): readonly string[] | null {
  if (!mayHold(query) && !mayHold(path)) return null
  return `${path}${query}`.match(ANYWHERE)
}

/** A text for a log without what looks like a token of ours. */
export function withoutTokens(text: string): string {
  return mayHold(text) ? text.replace(ANYWHERE, (token) => `${token.slice(0, 4)}[redacted]`) : text
}

/**
 * Whether an address holds a token made here, revoked and expired ones included: false at once where nothing in it looks
 * like one. No store call.
 *
 * @see RFC 6750 section 5.3 (no bearer tokens in page URLs)
 */
export function holdsToken(
  target: Pick<Target, 'path' | 'query'>,
  by: Pick<Gateway, 'apiMac' | 'readToken'>,
): false | Promise<boolean> {
  const words = tokensIn(target)
  if (words === null) return false
  const reading = words.slice(0, MOST_IN_ADDRESS).map((word) => keyOf(word, by))
  return Promise.all(reading).then((keys) => keys.some((key) => key !== null))
}

async function keyOf(
  word: string,
  { apiMac, readToken }: Pick<Gateway, 'apiMac' | 'readToken'>,
): Promise<string | null> {
  const ofSession = sessionTokenIn(word)
  return ofSession === null ? readApiToken(apiMac, word) : readToken(ofSession)
}
