import type { IncomingMessage } from 'node:http'
import { clientOf, isWithin } from '../core/address.ts'
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

/** Who is connected to a socket, in plain spelling. */
export function peerOf(incoming: IncomingMessage): string | null {
  return plainAddress(incoming.socket.remoteAddress)
}

/** The peer of a socket, or the client a trusted proxy speaks for. */
export function addressOf(incoming: IncomingMessage, config: Config, peer = peerOf(incoming)): string | null {
  if (peer === null || !isWithin(peer, config.trustedProxies)) return peer
  // ATTACK: a proxy that passes the header through hands us whatever a client wrote; what is no address is nobody's.
  const client = clientOf(String(incoming.headers['x-forwarded-for'] ?? ''), config.trustedProxies)
  return client === null ? peer : plainAddress(client)
}

function plainAddress(address: string | undefined): string | null {
  if (address === undefined) return null
  return address.startsWith('::ffff:') ? address.slice(7) : address
}
