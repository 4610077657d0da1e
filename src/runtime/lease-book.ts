import { type Closing, type Lease, recheck } from '../pipeline/lease.ts'
import type { Gateway } from '../ports/gateway.ts'

/** Seconds between two checks of every lease: with a cache of 5 s every loss is acted on within 10 s. */
const EVERY_SECONDS = 4

/** All leases of a process. */
export interface LeaseBook {
  readonly size: number
  add(lease: Lease): void
  remove(lease: Lease): void
  /** Ends everything, spread over a while so that clients do not come back all at once. */
  endAll(closing: Closing, spreadMs: number): void
  stop(): void
}

/** Keeps leases and checks them together: one timer a process, one store read a session at most. */
export function leaseBook(gateway: Gateway): LeaseBook {
  const leases = new Set<Lease>()
  const timer = setInterval(() => {
    for (const lease of leases) gateway.runtime.background(recheck(lease, gateway))
  }, EVERY_SECONDS * 1000)
  return {
    get size() {
      return leases.size
    },
    add: (lease) => void leases.add(lease),
    remove: (lease) => void leases.delete(lease),
    endAll(closing, spreadMs) {
      let place = 0
      for (const lease of leases) setTimeout(() => lease.end(closing), (place++ * spreadMs) / Math.max(1, leases.size))
    },
    stop: () => clearInterval(timer),
  }
}
