import type { IncomingMessage } from 'node:http'
import { clientOf, isWithin } from '../core/address.ts'
import type { Ask } from '../core/ask.ts'
import type { Result } from '../core/result.ts'
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

/** Headers that come once or mean nothing, and of which Node keeps the first line without a word (its http docs). */
type Single = 'host' | 'authorization' | 'content-type'

const NONE: readonly Single[] = []

/** Those of them that stand in more than one line. One look at the names, compared by length first. */
function repeatedSingles({ rawHeaders }: IncomingMessage): readonly Single[] {
  let hosts = 0
  let authorizations = 0
  let types = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts++
    else if (name?.length === 13 && name.toLowerCase() === 'authorization') authorizations++
    else if (name?.length === 12 && name.toLowerCase() === 'content-type') types++
  }
  if (hosts < 2 && authorizations < 2 && types < 2) return NONE
  const found: readonly (readonly [Single, number])[] = [
    ['host', hosts],
    ['authorization', authorizations],
    ['content-type', types],
  ]
  return found.filter(([, lines]) => lines > 1).map(([name]) => name)
}

/** The same headers with every line of these joined, as a Web Request has them. */
function withEveryLine(named: RawHeaders, { rawHeaders }: IncomingMessage, repeated: readonly string[]): RawHeaders {
  const linesOf = (name: string) =>
    rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name)
  return { get: (name) => (repeated.includes(name) ? linesOf(name).join(', ') : named.get(name)) }
}

/** Facts of a raw Node request: the same ask as from a Web Request, without building one. */
export function askFromIncoming(incoming: IncomingMessage, arrival: Arrival, config: Config): Result<Ask, Unaskable> {
  const named = headersOf(incoming)
  const repeated = repeatedSingles(incoming)
  // ATTACK: two credentials, two media types, two hosts: we would judge the first, and who reads what we forward might take
  // the last (seeds T1, CWE-436). Joined they are what each of our readers refuses.
  const headers = repeated.length === 0 ? named : withEveryLine(named, incoming, repeated)
  return askFromRequest({ method: incoming.method ?? '', headers }, arrival, config)
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

/**
 * Whether a proxy that is trusted says that it verified a certificate of the client (seeds O8).
 *
 * @param said - the configured header as it came; several lines of it are joined, and are none
 */
export function isCertified(said: unknown, peer: string | null, config: Config): boolean {
  const { clientCertificate, trustedProxies } = config
  if (clientCertificate === null || peer === null) return false
  // ATTACK: whoever else is connected writes what they like.
  return said === clientCertificate.value && isWithin(peer, trustedProxies)
}

function plainAddress(address: string | undefined): string | null {
  if (address === undefined) return null
  return address.startsWith('::ffff:') ? address.slice(7) : address
}
