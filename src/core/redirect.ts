import type { Brand } from './brand.ts'
import { canonicalTarget, isBelow } from './target.ts'

/** A place to return to: a same-origin path with query, or an absolute URL on an allow-listed origin. */
export type ReturnTo = Brand<string, 'ReturnTo'>

/** Where one may return to. */
export interface ReturnRules {
  /** Own origin, e.g. `https://play.example.com`. */
  readonly origin: string
  /** Own routes are never a destination. */
  readonly prefix: string
  /** Exact further origins. */
  readonly origins: readonly string[]
}

const MAX_RETURN = 2048

/**
 * The path and query to return to after sign-in; null when the wish is not safe.
 *
 * @param wish - raw `return_to` value after one percent-decoding by the query parser, at most 2048 characters
 * @returns a same-origin wish starts with exactly one `/`, contains no backslash and no control byte
 * @see RFC 9700 section 4.11 (open redirection), CVE-2020-5233, CVE-2020-11053; corpus in test/corpora/redirects.txt
 */
export function safeReturnTo(wish: string, rules: ReturnRules): ReturnTo | null {
  if (wish === '' || wish.length > MAX_RETURN) return null
  // ATTACK: a raw tab or newline is removed by URL parsers, a backslash becomes a slash.
  if (!/^[\x21-\x7e]+$/.test(wish) || wish.includes('\\')) return null
  if (!wish.startsWith('/')) return allowedElsewhere(wish, rules)
  const [beforeHash = ''] = wish.split('#', 1)
  const target = canonicalTarget(beforeHash)
  if (!target.ok || isBelow(target.value.path, rules.prefix)) return null
  const url = URL.parse(wish, rules.origin)
  // ATTACK: a pathname that begins with // is same-origin to the parser and another host when emitted (DECISIONS 39).
  if (url === null || url.origin !== rules.origin || url.pathname.startsWith('//')) return null
  return `${target.value.path}${target.value.query}${wish.slice(beforeHash.length)}` as ReturnTo
}

function allowedElsewhere(wish: string, rules: ReturnRules): ReturnTo | null {
  if (!/^https?:\/\/[^/@]+(\/|$|\?)/i.test(wish)) return null
  const url = URL.parse(wish)
  // ATTACK: blob: URLs carry an http origin, so the protocol is compared too.
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return null
  if (url.username !== '' || url.password !== '' || url.pathname.startsWith('//')) return null
  if (url.origin === rules.origin) {
    // ATTACK: https://own/%61uth/... is an own route too: the path is judged in its canonical spelling.
    const target = canonicalTarget(`${url.pathname}${url.search}`)
    return target.ok && !isBelow(target.value.path, rules.prefix) ? (url.href as ReturnTo) : null
  }
  return rules.origins.includes(url.origin) ? (url.href as ReturnTo) : null
}

const ADMIN_PAGE = /^\/admin(?:\/(?:sessions|audit|policy|users\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}))?$/
const ADMIN_QUERY = /^(?:\?[A-Za-z0-9_.~%&=+:-]*)?$/
const MAX_ADMIN_RETURN = 1024

/**
 * The administrative page to return to after sign-in; null when the wish is none. Each of them is shown by `GET` and changes
 * nothing by it, whatever its query says; no other own route is ever returned to by its address.
 *
 * @param wish - raw `return_to` value after one percent-decoding; a path of this site in its only legal spelling
 */
export function adminReturn(wish: string, prefix: string): ReturnTo | null {
  if (wish.length > MAX_ADMIN_RETURN || !wish.startsWith(`${prefix}/admin`)) return null
  const target = canonicalTarget(wish)
  // ATTACK: another spelling of a path is another route to whoever compares bytes: none is repaired here.
  if (!target.ok || `${target.value.path}${target.value.query}` !== wish) return null
  const { path, query } = target.value
  return ADMIN_PAGE.test(path.slice(prefix.length)) && ADMIN_QUERY.test(query) ? (wish as ReturnTo) : null
}
