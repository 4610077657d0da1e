import { isLocalToBrowsers, isNetwork } from '../core/address.ts'
import { seconds } from '../core/brand.ts'
import type { Config } from '../ports/config.ts'
import type { Reader } from './reader.ts'

/** Stands for an origin that was refused, so that the rest can be read. */
const NO_ORIGIN = 'https://invalid.invalid'

/** The external origin: https, or http on loopback, where browsers keep `__Host-` cookies too (DECISIONS 1). */
export function parseOrigin(read: Reader): string {
  const origin = read.text('origin', null)
  const url = URL.parse(origin)
  if (origin === '') return NO_ORIGIN
  if (url === null || url.origin !== origin) {
    read.fault('origin', `must be an origin such as https://play.example.com, without path or slash, not "${origin}"`)
    return NO_ORIGIN
  }
  if (url.protocol === 'http:' && !isLocalToBrowsers(url.hostname)) {
    read.fault(
      'origin',
      `must be https: browsers keep the session cookie on plain http only for localhost, not for "${url.hostname}"`,
    )
  } else if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    read.fault('origin', `must be https, not "${url.protocol}"`)
  }
  return origin
}

/** Further exact hosts, in the spelling a request is compared in: lower case, default port left out. */
export function parseHosts(read: Reader, origin: string): readonly string[] {
  const scheme = origin.startsWith('https:') ? 'https' : 'http'
  return read.texts('hosts').flatMap((text, index) => {
    const url = URL.parse(`${scheme}://${text}`)
    // WHY: no request names a host with a star in it: `*.example.com` would match nobody.
    if (url !== null && url.href === `${url.protocol}//${url.host}/` && !/[/?#*]/.test(text)) return [url.host]
    read.fault(`hosts.${index}`, `must be a host such as play2.example.com, without scheme, path or *, not "${text}"`)
    return []
  })
}

/** A list of addresses and networks, such as the proxies whose forwarding headers are believed. */
export function parseNetworks(read: Reader, key: string): readonly string[] {
  return read.texts(key).filter((text, index) => {
    if (isNetwork(text)) return true
    read.fault(
      `${key}.${index}`,
      `must be an address or a network such as 10.0.0.0/8, not "${text}": names are not looked up`,
    )
    return false
  })
}

/** Exact origins one may return to beside the own one. */
export function parseReturnOrigins(read: Reader): readonly string[] {
  return read.texts('returnOrigins').filter((origin, index) => {
    if (URL.parse(origin)?.origin === origin) return true
    read.fault(`returnOrigins.${index}`, `must be an exact origin such as https://forum.example.com, not "${origin}"`)
    return false
  })
}

/** Headers that carry credentials: none of them says anything else. */
export const SECRET_HEADERS: readonly string[] = [
  'authorization',
  'cookie',
  'postern-proxy-secret',
  'proxy-authorization',
  'sec-websocket-protocol',
  'x-api-token',
]

/** By which header, of which value, a trusted proxy says that it verified a certificate of the client (seeds O8). */
export function parseClientCertificate(read: Reader): Config['clientCertificate'] {
  if (read.raw('clientCertificate') === undefined) return null
  const section = read.section('clientCertificate')
  const header = section.headerName('header', 'x-client-verify')
  const value = section.text('value', 'SUCCESS')
  section.end()
  if ([...SECRET_HEADERS, 'host', 'connection', 'upgrade'].includes(header))
    section.fault('header', `must not be "${header}", which says something else: choose one of your own`)
  // WHY: whoever is not trusted is not believed: the setting would have no effect.
  const trusted = read.raw('trustedProxies')
  if (!Array.isArray(trusted) || trusted.length === 0)
    read.fault('clientCertificate', 'needs trustedProxies: only a proxy that is named there is believed')
  return { header, value }
}

const MIB = 1024 * 1024

/** What a live socket may carry and how it is watched. */
export function parseSockets(read: Reader): Config['sockets'] {
  const sockets = {
    maxMessageBytes: read.integer('maxMessage', 1024, 64 * MIB, 16 * MIB),
    pingSeconds: seconds(read.duration('pingEvery', 300, 25)),
    perSession: read.integer('perSession', 1, 100_000, 64),
  }
  read.end()
  return sockets
}
