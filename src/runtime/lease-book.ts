import { holderOf, type Lease, recheck } from '../pipeline/lease.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { Change } from './telling-store.ts'

/** Milliseconds between two checks of every lease; each is past the cache, so a loss is acted on within 5 s. */
const EVERY_MS = 5_000

/** All leases of a process, or of one socket object. */
export interface LeaseBook {
  readonly size: number
  add(lease: Lease): void
  remove(lease: Lease): void
  /** A write made here: whom it concerns is judged at once. */
  changed(change: Change): void
  stop(): void
}

function concerns(lease: Lease, change: Change): boolean {
  const { subject } = lease
  if (change.kind === 'everybody') return true
  if (change.kind === 'user') return subject.kind !== 'fixed-token' && subject.user.id === change.user
  return subject.kind === 'session' && change.sids.includes(subject.session.sid)
}

/**
 * Keeps leases by holder and checks them together: one timer a process, one store read a holder, spread over the
 * interval. The timer runs only while there is something to check.
 *
 * @param prepare - what must be fresh before anybody is judged, such as the policy
 */
export function leaseBook(gateway: Gateway, prepare: () => Promise<void> | null = () => null): LeaseBook {
  const holders = new Map<string, Set<Lease>>()
  let size = 0
  let timer: ReturnType<typeof setInterval> | null = null
  const judge = (leases: Iterable<Lease>) => gateway.runtime.background(recheckAll([...leases]))
  const recheckAll = async (leases: readonly Lease[]) => {
    await prepare()
    await recheck(leases, gateway)
  }
  const stop = () => {
    if (timer !== null) clearInterval(timer)
    timer = null
  }
  return {
    get size() {
      return size
    },
    add(lease) {
      const holder = holderOf(lease.subject)
      const leases = holders.get(holder) ?? new Set()
      holders.set(holder, leases.add(lease))
      size++
      timer ??= setInterval(() => {
        for (const each of holders.values()) judge(each)
      }, EVERY_MS)
    },
    remove(lease) {
      const holder = holderOf(lease.subject)
      const leases = holders.get(holder)
      if (leases?.delete(lease) !== true) return
      size--
      if (leases.size === 0) holders.delete(holder)
      if (size === 0) stop()
    },
    changed(change) {
      for (const leases of holders.values()) {
        const [first] = leases
        if (first !== undefined && concerns(first, change)) judge(leases)
      }
    },
    stop,
  }
}
