import { ACCESS_TOKEN_PREFIX, isAccessToken } from '../core/bearer.ts'
import type { SessionToken } from './token.ts'

/**
 * A session's secret in the form that a client without cookies sends: `pss_<tag>.<secret>.<mac>`, 59 characters, all of the
 * `b64token` of RFC 6750 section 2.1. It has a form of its own, so that neither form is ever taken for the other.
 */
export function accessTokenOf(token: SessionToken): string {
  return `${ACCESS_TOKEN_PREFIX}${token}`
}

/**
 * The session token inside an access token, for `readToken` to judge: no mac is checked here.
 *
 * @returns null for a word in any other form, the bare token of a cookie among them
 */
export function sessionTokenIn(word: string): string | null {
  return isAccessToken(word) ? word.slice(ACCESS_TOKEN_PREFIX.length) : null
}
