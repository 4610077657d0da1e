import { clientOf } from '../../core/address.ts'
import type { Ask } from '../../core/ask.ts'
import type { Config } from '../../ports/config.ts'
import { type Arrival, askFromRequest, browserFacts, PROXY_SECRET, type Readable, type Unaskable } from '../intake.ts'
import type { Original, Untold } from './front-proxy.ts'

/** The facts of a request that a proxy tells about, or why there are none. */
export type Forwarded =
  | { readonly kind: 'asked'; readonly ask: Ask }
  | { readonly kind: 'unaskable'; readonly unaskable: Unaskable }
  | { readonly kind: 'untold'; readonly untold: Untold }

/**
 * Facts of the client's request as its proxy tells them. A path that has another spelling in canonical form is refused:
 * the proxy forwards its own raw one, so nothing may be repaired here (DESIGN, one spelling of a path).
 */
export function askFromForwarded(original: Original, headers: Readable, arrival: Arrival, config: Config): Forwarded {
  if (`${original.scheme}:` !== new URL(config.origin).protocol)
    return { kind: 'untold', untold: { header: 'x-forwarded-proto' } }
  const address = clientOf(original.forwardedFor, config.trustedProxies)
  if (address === null) return { kind: 'untold', untold: { header: 'x-forwarded-for' } }
  const incoming = { method: original.method, headers: clientHeaders(original, headers) }
  // ATTACK: a proxy that asks passes on what its client wrote, this header too, unless somebody thought of it.
  const told = { ...arrival, rawTarget: original.rawTarget, address, certified: false }
  const asked = askFromRequest(incoming, told, config)
  if (!asked.ok) return { kind: 'unaskable', unaskable: asked.fault }
  const ask = asked.value
  const [rawPath] = original.rawTarget.split('?', 1)
  if (rawPath !== ask.target.path)
    return { kind: 'unaskable', unaskable: { fault: 'bad-target', browser: browserFacts(headers) } }
  return { kind: 'asked', ask: ask.front === 'socket' ? ask : { ...ask, front: 'forward-auth' } }
}

/** The client's headers, with what belongs to the proxy's own call replaced by what it tells. */
function clientHeaders({ host }: Original, headers: Readable): Readable {
  // WHY: proxies do not pass Upgrade on to us; a handshake without this key is none (RFC 6455 section 4.1).
  const isHandshake = headers.get('sec-websocket-key') !== null
  return {
    get(name) {
      switch (name) {
        case 'host':
          return host
        case 'upgrade':
          return isHandshake ? 'websocket' : null
        case 'content-length':
        case PROXY_SECRET:
          return null
        default:
          return headers.get(name)
      }
    },
  }
}
