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

/** A header that comes once or means nothing, and of which Node keeps the first line without a word (its http docs). */
type Single = 'host' | 'authorization'

/** The worst of them that stands in two lines; null when none does. One look at the names, compared by length first. */
function repeatedSingle({ rawHeaders }: IncomingMessage): Single | null {
  let hosts = 0
  let authorizations = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts++
    else if (name?.length === 13 && name.toLowerCase() === 'authorization') authorizations++
  }
  if (hosts > 1) return 'host'
  return authorizations > 1 ? 'authorization' : null
}

/** The same headers with every line of Authorization joined, as a Web Request has them. */
function withEveryLine(named: RawHeaders, { rawHeaders }: IncomingMessage): RawHeaders {
  const lines = rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === 'authorization')
  return { get: (name) => (name === 'authorization' ? lines.join(', ') : named.get(name)) }
}

/** Facts of a raw Node request: the same ask as from a Web Request, without building one. */
export function askFromIncoming(incoming: IncomingMessage, arrival: Arrival, config: Config): Result<Ask, Unaskable> {
  const named = headersOf(incoming)
  const repeated = repeatedSingle(incoming)
  // ATTACK: two credentials: we would judge the first, and who reads what we forward might take the last (seeds T1).
  const headers = repeated === 'authorization' ? withEveryLine(named, incoming) : named
  const asked = askFromRequest({ method: incoming.method ?? '', headers }, arrival, config)
  // ATTACK: two Host lines: Node keeps the first, an upstream may keep the last.
  if (asked.ok && repeated === 'host') return { ok: false, fault: { fault: 'bad-host', browser: asked.value.browser } }
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
