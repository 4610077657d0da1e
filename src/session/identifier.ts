import type { Gateway } from '../ports/gateway.ts'
import type { Identifier } from './identify.ts'

/** What identification needs of a gateway, at this moment. */
export function identifierOf(gateway: Gateway): Identifier {
  const { runtime, config } = gateway
  return {
    cookieName: gateway.cookies.session,
    readToken: gateway.readToken,
    sessions: gateway.store.sessions,
    cache: gateway.sessions,
    flights: gateway.flights,
    freshness: 'remembered',
    cacheMs: config.session.cacheSeconds * 1000,
    tellEnds: config.session.tellEnds,
    now: runtime.now(),
    ticks: runtime.ticks(),
  }
}
