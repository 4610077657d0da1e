import type { Store } from '../../ports/store.ts'
import { auditStore } from './audit-store.ts'
import { contextOver } from './context.ts'
import { directoryStore } from './directory.ts'
import type { RedisDriver } from './driver.ts'
import { keyStore } from './key-store.ts'
import { quotaStore, rateStore, ticketStore } from './limits.ts'
import { loginStore } from './logins.ts'
import { policyStore } from './policy-store.ts'
import { playedSessions } from './session-characters.ts'
import { sessionLists } from './session-lists.ts'
import { ownSessions } from './sessions.ts'
import { sweep } from './sweep.ts'
import { tokenStore } from './token-store.ts'
import { noTurns, turnsInProcess } from './turns.ts'

/** Settings of the store itself. */
export interface RedisStoreOptions {
  /** Begins every key, so that several deployments can share one server; letters, digits, `-`, `_` and `:`. */
  readonly prefix: string
  /** `in-process` where requests may wait for each other (Node, Deno); `none`, unless given, for Workers. */
  readonly turns?: 'in-process' | 'none'
}

/** A store in Redis. */
export interface RedisStore extends Store {
  /** Every session was ended elsewhere: the next read finds out, instead of after some seconds. */
  forgetEpoch(): void
}

/** All stores of one deployment in Redis, over any driver. */
export function redisStore(driver: RedisDriver, options: RedisStoreOptions): RedisStore {
  if (!/^[A-Za-z0-9_:-]{1,64}$/.test(options.prefix)) throw new TypeError('prefix: 1 to 64 of letters, digits, - _ :')
  const context = contextOver(driver, options.prefix, options.turns === 'in-process' ? turnsInProcess() : noTurns)
  return {
    sessions: {
      ...ownSessions(context),
      ...sessionLists(context),
      ...playedSessions(context),
      sweep: (now) => sweep(context, now),
    },
    directory: directoryStore(context),
    logins: loginStore(context),
    tokens: tokenStore(context),
    tickets: ticketStore(context),
    rates: rateStore(context),
    quotas: quotaStore(context),
    audit: auditStore(context),
    keys: keyStore(context),
    policies: policyStore(context),
    forgetEpoch: context.index.forget,
  }
}
