import { caddy } from './caddy.ts'
import type { FrontProxy } from './front-proxy.ts'

/**
 * Traefik with `forwardAuth`: tells the same headers as Caddy; it resolves a relative `Location` against its own address
 * of Postern, so redirects are absolute. It deletes what `authResponseHeaders` names before it sets. A socket is told with the scheme `ws` or `wss` where it trusts such headers.
 */
export const traefik: FrontProxy = {
  ...caddy,
  granted: (answer) => answer,
  original(call) {
    const told = caddy.original(call)
    if (!told.ok) return told
    return { ok: true, value: { ...told.value, scheme: told.value.scheme.replace(/^ws/, 'http') } }
  },
}
