import type { Answer } from './answer.ts'
import type { Credentials } from './ask.ts'

/** What tells a session's access token from every other value; the rest is what the cookie of the session holds. */
export const ACCESS_TOKEN_PREFIX = 'pss_'

/** What is kept of a bearer where only that it was one still counts: the form without the secret. */
export const SPENT_BEARER: string = `Bearer ${ACCESS_TOKEN_PREFIX}`

/** Whether a word has the form of an access token, or tries to: it is meant for us, and nobody else is to see it. */
export function isAccessToken(word: string): boolean {
  return word.startsWith(ACCESS_TOKEN_PREFIX)
}

/**
 * The access token in an `Authorization` header: under the scheme Bearer and nowhere else, alone in the one line there is.
 * The scheme has no case, outer blanks do not count (seeds T1).
 *
 * @returns null when no access token is presented; whether one is any good is not looked at
 * @see RFC 6750 section 2.1
 */
export function bearerOf(authorization: string | null): string | null {
  if (authorization === null || !authorization.includes(ACCESS_TOKEN_PREFIX)) return null
  const word = /^\s*bearer\s+([^\s,]+)\s*$/i.exec(authorization)?.[1]
  return word !== undefined && isAccessToken(word) ? word : null
}

/**
 * An answer of ours as a client keeps it: whoever presents a bearer is given no cookie, whatever an endpoint would give a
 * browser. Of two credentials for one client, one would be forgotten (docs/adr/0035).
 */
export function keptBy({ authorization }: Pick<Credentials, 'authorization'>, answer: Answer): Answer {
  if (bearerOf(authorization) === null) return answer
  return { ...answer, headers: answer.headers.filter(([name]) => name.toLowerCase() !== 'set-cookie') }
}
