import { forgivingName } from '../core/cookie.ts'
import { connectionTokens, isHopByHop } from '../core/headers.ts'
import { isOwnCookie } from '../core/own-cookies.ts'
import { PRIVATE, saysWhoMayKeep } from './private.ts'

/** Whether a header of an upstream's answer may reach the client: not hop-by-hop, not one of our cookies. */
export function isReturnable(name: string, value: string, listed: readonly string[]): boolean {
  const fate = RETURNS.get(name) ?? meetReturn(name)
  if (fate === 'passes') return listed.length === 0 || !listed.includes(name.toLowerCase())
  // ATTACK: a nameless `=__Host-postern=…` is sent back by browsers as a cookie of our name.
  return fate === 'cookie' && !isOwnCookie(forgivingName(value.split(';', 1)[0] ?? ''))
}

/** Names that are remembered, and the longest of them; services choose them. */
const MOST_NAMES = 1024
const LONGEST_NAME = 64

/** What becomes of an answer's header by its name alone, as services spell it; they use the same few dozen. */
const RETURNS = new Map<string, 'passes' | 'drops' | 'cookie'>()

function meetReturn(name: string): 'passes' | 'drops' | 'cookie' {
  const folded = name.toLowerCase()
  const fate = folded === 'set-cookie' ? 'cookie' : isHopByHop(folded) ? 'drops' : 'passes'
  if (RETURNS.size < MOST_NAMES && name.length <= LONGEST_NAME) RETURNS.set(name, fate)
  return fate
}

/** An answer as its client gets it, and the media type it came with, read on the way. */
export interface Undressed {
  readonly response: Response
  /** Null: it has none, or is an upgrade. */
  readonly contentType: string | null
}

/**
 * The upstream's answer for the client: hop-by-hop and our own cookie names removed, everything else as it came. The
 * same object when nothing has to change.
 *
 * @param audience - `one` for an answer to one person: then a line `Cache-Control: private` is added where the service
 *   says nothing about shared caches
 * @param withheld - further names that are removed, in lower case
 */
export function undress(
  response: Response,
  audience: 'one' | 'all',
  withheld: readonly string[] = NOTHING_LISTED,
): Undressed {
  if (response.status === 101) return { response: withoutOwnCookies(response), contentType: null }
  const { headers } = response
  const first = readAnswer(headers, withheld)
  const named = connectionTokens(first.connection)
  const listed = named.length === 0 ? withheld : [...named, ...withheld]
  const { taken, cacheControl, contentType } = named.length === 0 ? first : readAnswer(headers, listed)
  const guarded = audience === 'one' && !saysWhoMayKeep(cacheControl)
  const isSame = taken === null && !guarded
  return { response: isSame ? response : changed(response, taken ?? NO_NAMES, listed, guarded), contentType }
}

/** ATTACK: an upgrade answers with headers, too: a service that sets our cookie by it signs people in as somebody else. */
function withoutOwnCookies(response: Response): Response {
  const isOurs = (line: string) => !isReturnable('set-cookie', line, NOTHING_LISTED)
  return response.headers.getSetCookie().some(isOurs) ? changed(response, COOKIES, NOTHING_LISTED, false) : response
}

const COOKIES: ReadonlySet<string> = new Set(['set-cookie'])

const NOTHING_LISTED: readonly string[] = []

interface AnswerRead {
  /** Names that must not reach the client; null: none. */
  taken: Set<string> | null
  cacheControl: string | null
  contentType: string | null
  connection: string | null
}

// WHY: all at once: on Workers each question about a header leaves JavaScript.
function readAnswer(headers: Headers, listed: readonly string[]): AnswerRead {
  const read: AnswerRead = { taken: null, cacheControl: null, contentType: null, connection: null }
  headers.forEach((value, name) => {
    if (name === 'connection') read.connection = value
    if (!isReturnable(name, value, listed)) read.taken = (read.taken ?? new Set()).add(name)
    else if (name === 'cache-control') read.cacheControl = value
    else if (name === 'content-type') read.contentType = value
  })
  return read
}

const NO_NAMES: ReadonlySet<string> = new Set()

function changed(response: Response, taken: ReadonlySet<string>, listed: readonly string[], guarded: boolean) {
  // WHY: names are deleted from a copy, because headers that are written anew join what was repeated.
  const copy = new Response(response.body, response)
  const { headers } = copy
  for (const name of taken) headers.delete(name)
  if (taken.has('set-cookie')) {
    const cookies = response.headers.getSetCookie().filter((line) => isReturnable('set-cookie', line, listed))
    for (const line of cookies) headers.append('set-cookie', line)
  }
  if (guarded) headers.append(...PRIVATE)
  return copy
}
