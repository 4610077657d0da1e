import type { SessionToken } from './token.ts'

/** What tells an access token from every other value; the rest is what the cookie of the session holds. */
const PREFIX = 'pss_'

/**
 * A session's secret in the form that a client without cookies sends: `pss_<tag>.<secret>.<mac>`, 59 characters, all of the
 * `b64token` of RFC 6750 section 2.1. It has a form of its own, so that neither form is ever taken for the other.
 */
export function accessTokenOf(token: SessionToken): string {
  return `${PREFIX}${token}`
}

/** Whether a word has the form of an access token, or tries to: it is meant for us, and nobody else is to see it. */
export function isAccessToken(word: string): boolean {
  return word.startsWith(PREFIX)
}

/**
 * The session token inside an access token, for `readToken` to judge: no mac is checked here.
 *
 * @returns null for a word in any other form, the bare token of a cookie among them
 */
export function sessionTokenIn(word: string): string | null {
  return isAccessToken(word) ? word.slice(PREFIX.length) : null
}
