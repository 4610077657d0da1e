/** The bytes of every `Cookie` pair named exactly `name`, in order; values are not unquoted and not decoded. */
export function cookieValues(header: string, name: string): readonly string[] {
  const found: string[] = []
  let equals = -1
  for (let start = 0; start < header.length; ) {
    const semicolon = header.indexOf(';', start)
    const end = semicolon === -1 ? header.length : semicolon
    // INVARIANT: never looked for twice in the same bytes, so that a header of nothing but `;` is read in one go.
    if (equals < start) equals = header.indexOf('=', start)
    if (equals === -1) break
    if (equals < end && isNamed(header, start, equals, name)) found.push(trim(header.slice(equals + 1, end)))
    start = end + 1
  }
  return found
}

/** Whether what stands between two places is `name`, blanks around it aside. */
function isNamed(header: string, from: number, to: number, name: string): boolean {
  let [start, end] = [from, to]
  while (start < end && isBlank(header.charCodeAt(start))) start++
  while (end > start && isBlank(header.charCodeAt(end - 1))) end--
  return end - start === name.length && header.startsWith(name, start)
}

/** Names of all cookies, as they stand. */
export function cookieNames(header: string): readonly string[] {
  return header.split(';').map((pair) => trim(pair.split('=', 1)[0] ?? ''))
}

function trim(value: string): string {
  let start = 0
  let end = value.length
  while (start < end && isBlank(value.charCodeAt(start))) start++
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--
  return value.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

/**
 * The `Cookie` header without our own cookies: every other byte stays where it was.
 *
 * @param isOwn - judges a cookie name
 * @returns null when nothing is left
 */
export function withoutCookies(header: string, isOwn: (name: string) => boolean): string | null {
  let kept = ''
  let isWhole = true
  for (const pair of header.split(';')) {
    if (holdsOwn(pair, isOwn)) isWhole = false
    else kept += kept === '' ? pair.replace(/^[ \t]+/, '') : `;${pair}`
  }
  if (isWhole) return header
  return trim(kept) === '' ? null : kept
}

/** Whether a pair is one of ours, or has one behind a comma. */
function holdsOwn(pair: string, isOwn: (name: string) => boolean): boolean {
  if (!pair.includes(',')) return isOwn(forgivingName(pair))
  // ATTACK: workerd joins several Cookie lines by a comma, and some servers part cookies there; cut, never believed.
  return pair.split(',').some((part) => isOwn(forgivingName(part)))
}

/** The name in `name=value` as the most forgiving reader sees it: what stands around its token is skipped. */
export function forgivingName(pair: string): string {
  // ATTACK: "=__Host-x=1", "\u00a0__Host-x=1" and the like read as __Host-x=1 on many servers; they are cut, never believed.
  const start = skipUnlessToken(pair, 0, 1)
  const equals = pair.indexOf('=', start)
  const end = skipUnlessToken(pair, (equals === -1 ? pair.length : equals) - 1, -1)
  return pair.slice(start, end + 1)
}

function skipUnlessToken(text: string, from: number, step: 1 | -1): number {
  let at = from
  while (at >= 0 && at < text.length && TOKEN_CODES[text.charCodeAt(at)] !== 1) at += step
  return at
}

const TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
const TOKEN_CODES: Uint8Array = new Uint8Array(128)
for (const character of TOKEN_CHARACTERS) TOKEN_CODES[character.charCodeAt(0)] = 1

/** What a cookie of ours may say; the prefix `__Host-` fixes the rest: Secure, Path=/, no Domain. */
export interface CookieAttributes {
  /** Seconds; 0 deletes. Null: ends with the browser. */
  readonly maxAge: number | null
  readonly sameSite: 'Lax' | 'None'
  readonly partitioned?: 'partitioned'
}

/** One `Set-Cookie` value for a `__Host-` cookie (RFC 6265bis section 4.1.3.2). */
export function hostCookie(name: string, value: string, attributes: CookieAttributes): string {
  const age = attributes.maxAge === null ? '' : `; Max-Age=${attributes.maxAge}`
  const partitioned = attributes.partitioned === undefined ? '' : '; Partitioned'
  return `${name}=${value}; Path=/${age}; HttpOnly; Secure; SameSite=${attributes.sameSite}${partitioned}`
}
