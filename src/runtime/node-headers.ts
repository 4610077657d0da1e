import { type ServerResponse, STATUS_CODES } from 'node:http'
import { connectionTokens } from '../core/headers.ts'
import { isReturnable } from '../pipeline/dress.ts'
import { PRIVATE, saysWhoMayKeep } from '../pipeline/private.ts'

/** Header pairs of a flat list of names and values. */
export function* pairsOf(rawHeaders: readonly string[]): Generator<readonly [string, string]> {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) yield [rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '']
}

/**
 * Header pairs of an upstream's raw answer that may reach the client, flat.
 *
 * @param audience - as for `undress`
 */
export function returnable(raw: readonly string[], audience: 'one' | 'all'): string[] {
  let connection: string | null = null
  for (const [name, value] of pairsOf(raw)) if (name.toLowerCase() === 'connection') connection = value
  const listed = connectionTokens(connection)
  const kept: string[] = []
  for (const [name, value] of pairsOf(raw)) if (isReturnable(name, value, listed)) kept.push(name, value)
  if (audience === 'one' && !saysWhoMayKeep(cacheControlOf(kept))) kept.push(...PRIVATE)
  return kept
}

function cacheControlOf(headers: readonly string[]): string | null {
  let said: string | null = null
  for (const [name, value] of pairsOf(headers))
    if (name.length === 13 && name.toLowerCase() === 'cache-control') said = said === null ? value : `${said},${value}`
  return said
}

/**
 * Passes an informational answer of an upstream on, such as 103 with early hints: at once, where the client speaks
 * HTTP/1.1 and nothing of another answer is under way on its connection (RFC 9110 section 15.2).
 */
export function passInformation(outgoing: ServerResponse, status: number, raw: readonly string[]): void {
  const { socket, req, headersSent } = outgoing
  // WHY: 100 is the business of each connection: ours asked for none.
  if (status === 100 || socket === null || headersSent || req.httpVersion !== '1.1') return
  const kept = returnable(raw, 'all')
  const lines: string[] = []
  for (const [name, value] of pairsOf(kept)) lines.push(`${name}: ${value}\r\n`)
  // ATTACK: header bytes of an upstream are written by hand here; the parser let no line break through.
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Information'}\r\n${lines.join('')}\r\n`, 'latin1')
}
