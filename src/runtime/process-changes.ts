import { base64url } from '../core/bytes.ts'
import type { Gateway } from '../ports/gateway.ts'
import { StoreUnavailable } from '../ports/store.ts'
import type { LeaseBook } from './lease-book.ts'
import { heardFrom, type News, written } from './news.ts'
import type { PolicySource } from './policy-source.ts'
import type { Change, Tell } from './telling-store.ts'

/** What acts on changes in a process. */
export interface ChangeRoom {
  readonly gateway: Gateway
  readonly policies: PolicySource
  readonly leases: LeaseBook
  /** Absent: no other process hears us. */
  readonly news: News | undefined
}

/**
 * Acts on every change that may end something live: on those made here at once, on those of other processes as soon as the
 * store tells of them. Answers what to call after a write.
 */
export function actOnChanges({ gateway, policies, leases, news }: ChangeRoom): Tell {
  const self = base64url(gateway.runtime.random(9))
  policies.whenSwitched(() => leases.changed({ kind: 'policy' }))
  const act = (change: Change) => {
    // WHY: leases are judged when the other policy is there, not before.
    if (change.kind === 'policy') gateway.runtime.background(policies.look())
    else leases.changed(change)
  }
  news?.hear((text) => {
    const change = heardFrom(text, self)
    if (change === null) return
    if ('tag' in change) gateway.sessions.drop(change.tag)
    if (change.kind === 'everybody') {
      news.forget()
      gateway.sessions.clear()
    }
    act(change)
  })
  return (change) => {
    act(change)
    if (news !== undefined) gateway.runtime.background(telling(news, written(change, self), gateway))
  }
}

async function telling(news: News, text: string, { runtime }: Gateway): Promise<void> {
  try {
    await news.tell(text)
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error
    // WHY: the write itself stands; the others find out when they look, within the bound.
    runtime.observe({ kind: 'store-unavailable', operation: error.operation, reason: error.message })
  }
}
