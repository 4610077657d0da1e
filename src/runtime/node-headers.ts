import { type ServerResponse, STATUS_CODES } from 'node:http'
import { connectionTokens } from '../core/headers.ts'
import { PRIVATE, saysWhoMayKeep } from '../pipeline/private.ts'
import { isReturnable } from '../pipeline/undress.ts'

/** Header pairs of a flat list of names and values. */
export function* pairsOf(rawHeaders: readonly string[]): Generator<readonly [string, string]> {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) yield [rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '']
}

/** What of an upstream's raw answer reaches the client. */
export interface Returned {
  /** Flat names and values. */
  readonly headers: string[]
  /** Value of Content-Length; -1 without one. */
  readonly length: number
}

/** The words of an upstream beside its status as they may be passed on; undefined: those that the status has by itself. */
export function sayable(words: string): string | undefined {
  // WHY: others were decoded as UTF-8, whatever they are, and Node refuses to write what came of it.
  return /^[\t -~]*$/.test(words) ? words : undefined
}

/** Names and values of a raw head as text. */
export function headText(raw: readonly Buffer[]): readonly string[] {
  return raw.map((part) => part.toString('latin1'))
}

/**
 * The headers of an upstream's raw answer that may reach the client.
 *
 * @param audience - as for `undress`
 * @param withheld - as for `undress`
 */
export function returnable(
  raw: readonly string[],
  audience: 'one' | 'all',
  withheld: readonly string[] = [],
): Returned {
  let listed = withheld
  let length = -1
  for (let i = 0; i + 1 < raw.length; i += 2) {
    if (raw[i]?.length === 10 && isNamed(raw, i, 'connection'))
      listed = [...listed, ...connectionTokens(raw[i + 1] ?? '')]
  }
  const headers: string[] = []
  let cacheControl: string | null = null
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? ''
    const value = raw[i + 1] ?? ''
    // WHY: most names are told apart by their length, which costs nothing.
    if (name.length === 14 && isNamed(raw, i, 'content-length')) length = Number(value)
    if (!isReturnable(name, value, listed)) continue
    headers.push(name, value)
    if (name.length === 13 && isNamed(raw, i, 'cache-control'))
      cacheControl = cacheControl === null ? value : `${cacheControl},${value}`
  }
  if (audience === 'one' && !saysWhoMayKeep(cacheControl)) headers.push(PRIVATE[0], PRIVATE[1])
  return { headers, length }
}

function isNamed(raw: readonly string[], at: number, name: string): boolean {
  return raw[at]?.toLowerCase() === name
}

/**
 * Passes an informational answer of an upstream on, such as 103 with early hints: at once, where the client speaks
 * HTTP/1.1 and nothing of another answer is under way on its connection (RFC 9110 section 15.2).
 */
export function passInformation(outgoing: ServerResponse, status: number, raw: readonly string[]): void {
  const { socket, req, headersSent } = outgoing
  // WHY: 100 is the business of each connection: ours asked for none.
  if (status === 100 || socket === null || headersSent || req.httpVersion !== '1.1') return
  const lines: string[] = []
  for (const [name, value] of pairsOf(returnable(raw, 'all').headers)) lines.push(`${name}: ${value}\r\n`)
  // ATTACK: header bytes of an upstream are written by hand here; the parser let no line break through.
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Information'}\r\n${lines.join('')}\r\n`, 'latin1')
}
