import { existsSync } from 'node:fs'
import { redisStore } from '../adapters/redis/store.ts'
import { connectTcp } from '../adapters/redis/tcp.ts'
import { upstashDriver } from '../adapters/redis/upstash.ts'
import type { Secrets } from '../config/secrets.ts'
import type { Config } from '../ports/config.ts'
import type { Runtime } from '../ports/runtime.ts'
import { type Store, StoreUnavailable } from '../ports/store.ts'
import type { News } from './news.ts'
import { openSqliteStore } from './node-sqlite.ts'
import { sweepAndTell } from './session-counts.ts'

/** A store of a long-lived process, and how to let it go. */
export interface OpenedStore {
  readonly store: Store
  /** Writes a whole copy beside the store's file and answers where; absent where there is no file. */
  readonly backup?: (stamp: string) => Promise<string>
  /** Absent: this store cannot push, or nobody else uses it. */
  readonly news?: News
  close(): Promise<void>
}

/** Longest wait for one answer of the store: a silent one is a 503 within 500 ms (SPEC 10). */
const STORE_TIMEOUT_MS = 350
const SWEEP_EVERY_MS = 3_600_000

/** Opens the store a configuration names, sweeps it at start and every hour, and tells the log what is left (seeds S9, S37). */
export async function openStore(config: Config, secrets: Secrets, runtime: Runtime): Promise<OpenedStore> {
  const opened = await openKind(config, secrets, runtime)
  const sweep = () => runtime.background(sweepAndTell({ config, runtime, store: opened.store }))
  sweep()
  const timer = setInterval(sweep, SWEEP_EVERY_MS)
  return {
    ...opened,
    async close() {
      clearInterval(timer)
      await opened.close()
    },
  }
}

const EXPOSED_HINT =
  'others on this machine may read it: give it to the user of the gateway, on a disk that keeps rights'

/** A name of a copy that nothing has: two may be asked for in one second. */
function freeName(base: string): string {
  let free = `${base}.backup`
  for (let n = 2; existsSync(free); n++) free = `${base}.${n}.backup`
  return free
}

async function openKind({ store }: Config, secrets: Secrets, runtime: Runtime): Promise<OpenedStore> {
  switch (store.kind) {
    case 'embedded': {
      const file = openSqliteStore(store.file)
      if (file.exposed) runtime.observe({ kind: 'store-exposed', file: store.file, hint: EXPOSED_HINT })
      return {
        store: file.store,
        async backup(stamp) {
          const copy = freeName(`${store.file}.${stamp}`)
          try {
            await file.backup(copy)
          } catch (error) {
            // WHY: a full disk, a folder that is gone: it is the store's place that fails, and its operator reads why in the log.
            throw new StoreUnavailable('backup', error instanceof Error ? error.message : String(error))
          }
          return copy
        },
        close: async () => file.close(),
      }
    }
    case 'redis': {
      const urls = (secrets.get(store.url.secret) ?? '').split(',')
      const connection = await connectTcp({ urls, cluster: store.cluster, timeoutMs: STORE_TIMEOUT_MS })
      const records = redisStore(connection.driver, { prefix: store.prefix, turns: 'in-process' })
      return {
        store: records,
        news: {
          tell: (text) => connection.tell(`${store.prefix}:news`, text),
          hear: (heard) => connection.hear(`${store.prefix}:news`, heard),
          forget: records.forgetEpoch,
        },
        close: async () => connection.close(),
      }
    }
    case 'upstash': {
      const driver = upstashDriver({
        url: secrets.get(store.url.secret) ?? '',
        token: secrets.get(store.token.secret) ?? '',
        timeoutMs: STORE_TIMEOUT_MS,
      })
      return { store: redisStore(driver, { prefix: store.prefix, turns: 'in-process' }), close: async () => undefined }
    }
  }
}
