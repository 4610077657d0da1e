import type { IncomingMessage } from 'node:http'
import { addressParts } from '../core/address.ts'
import type { Ask } from '../core/ask.ts'
import { ok, type Result } from '../core/result.ts'
import { type Arrival, askFromRequest, type Unaskable } from '../pipeline/intake.ts'
import type { Config } from '../ports/config.ts'

/** The headers of a raw request, read one by one: nothing is copied. */
interface RawHeaders {
  get(name: string): string | null
}

function headersOf(incoming: IncomingMessage): RawHeaders {
  const { headers } = incoming
  return {
    get(name) {
      const value = headers[name]
      return value === undefined ? null : Array.isArray(value) ? value.join(', ') : value
    },
  }
}

function isRepeated(incoming: IncomingMessage, wanted: string): boolean {
  let seen = 0
  const { rawHeaders } = incoming
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]
    if (name?.length === wanted.length && name.toLowerCase() === wanted) seen++
  }
  return seen > 1
}

/** Facts of a raw Node request: the same ask as from a Web Request, without building one. */
export function askFromIncoming(incoming: IncomingMessage, arrival: Arrival, config: Config): Result<Ask, Unaskable> {
  const asked = askFromRequest({ method: incoming.method ?? '', headers: headersOf(incoming) }, arrival, config)
  // ATTACK: two Host lines: Node keeps the first, an upstream may keep the last.
  if (asked.ok && isRepeated(incoming, 'host'))
    return { ok: false, fault: { fault: 'bad-host', browser: asked.value.browser } }
  return asked.ok ? ok(asked.value) : asked
}

/** The peer of a socket, or the client a trusted proxy speaks for. */
export function addressOf(incoming: IncomingMessage, config: Config): string | null {
  const peer = plainAddress(incoming.socket.remoteAddress)
  if (peer === null || !config.trustedProxies.includes(peer)) return peer
  const forwarded = String(incoming.headers['x-forwarded-for'] ?? '')
  const hops = forwarded
    .split(',')
    .map((hop) => hop.trim())
    .filter((hop) => hop !== '')
  // WHY: counted from the right: every address left of the first untrusted one is the client's own claim.
  const client = hops.findLast((hop) => !config.trustedProxies.includes(hop)) ?? peer
  // ATTACK: a proxy that passes the header through hands us whatever a client wrote; what is no address is nobody's.
  return addressParts(client) === null ? peer : plainAddress(client)
}

function plainAddress(address: string | undefined): string | null {
  if (address === undefined) return null
  return address.startsWith('::ffff:') ? address.slice(7) : address
}
