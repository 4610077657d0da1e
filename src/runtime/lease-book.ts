import type { UserId } from '../core/brand.ts'
import type { Subject } from '../core/person.ts'
import { holderOf, type Lease, recheck } from '../pipeline/lease.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { Change } from './telling-store.ts'

/** Milliseconds between two checks of every lease; each is past the cache, so a loss is acted on within 5 s. */
const EVERY_MS = 5_000

/** All leases of a process, or of one socket object. */
export interface LeaseBook {
  readonly size: number
  /** How many of them one holder has. */
  heldBy(subject: Subject): number
  /** How many of them one user has, by sessions and by tokens. */
  heldByUser(user: UserId): number
  add(lease: Lease): void
  remove(lease: Lease): void
  /** A write made here: whom it concerns is judged at once. */
  changed(change: Change): void
  stop(): void
}

/** Leases judged at once: one round trip to a store that is asked in a pipeline. */
const BATCH = 100

function concerns(lease: Lease, change: Change): boolean {
  const { subject } = lease
  if (change.kind === 'everybody' || change.kind === 'policy') return true
  if (change.kind === 'user') return subject.kind !== 'fixed-token' && subject.user.id === change.user
  return subject.kind === 'session' && change.sids.includes(subject.session.sid)
}

/**
 * Keeps leases by holder and checks them together: one timer a process, one pass an interval, one store read a holder,
 * a hundred of them at once. The timer runs only while there is something to check.
 *
 * @param prepare - what must be fresh before anybody is judged, such as the policy
 */
export function leaseBook(gateway: Gateway, prepare: () => Promise<void> | null = () => null): LeaseBook {
  const holders = new Map<string, Set<Lease>>()
  let size = 0
  let timer: ReturnType<typeof setInterval> | null = null
  let isPassing = false
  const judge = async (concerned: readonly ReadonlySet<Lease>[]) => {
    await prepare()
    for (let at = 0; at < concerned.length; at += BATCH) {
      const batch = concerned.slice(at, at + BATCH).map((leases) => recheck([...leases], gateway))
      // WHY: what goes wrong with one holder is reported and keeps nobody else from being judged.
      for (const judging of batch) gateway.runtime.background(judging)
      await Promise.allSettled(batch)
    }
  }
  const pass = async () => {
    // WHY: a store that takes longer than the interval is not asked twice at once.
    if (isPassing) return
    isPassing = true
    try {
      await judge([...holders.values()])
    } finally {
      isPassing = false
    }
  }
  const stop = () => {
    if (timer !== null) clearInterval(timer)
    timer = null
  }
  return {
    get size() {
      return size
    },
    heldByUser(user) {
      const theirs = [...holders.values()].filter((leases) => {
        const [first] = leases
        return first !== undefined && first.subject.kind !== 'fixed-token' && first.subject.user.id === user
      })
      return theirs.reduce((sum, { size }) => sum + size, 0)
    },
    heldBy: (subject) => holders.get(holderOf(subject))?.size ?? 0,
    add(lease) {
      const holder = holderOf(lease.subject)
      const leases = holders.get(holder) ?? new Set()
      holders.set(holder, leases.add(lease))
      size++
      timer ??= setInterval(() => gateway.runtime.background(pass()), EVERY_MS)
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
      const concerned = [...holders.values()].filter((leases) => {
        const [first] = leases
        return first !== undefined && concerns(first, change)
      })
      if (concerned.length > 0) gateway.runtime.background(judge(concerned))
    },
    stop,
  }
}
