import type { Peer, Peers } from '../../../src/adapters/sqlite/operations.ts'
import { sqliteStore } from '../../../src/adapters/sqlite/store.ts'
import { type Store, StoreUnavailable } from '../../../src/ports/store.ts'
import { type FileStore, openSqliteStore } from '../../../src/runtime/node-sqlite.ts'

/** Real databases, one for each object a deployment in Durable Objects would have. */
export interface Scene {
  readonly peers: Peers
  readonly files: readonly FileStore[]
  readonly store: Store
  close(): void
}

/** A store of an index and some shards, each a database of its own, as in Durable Objects. */
export function sharded(shards: number): Scene {
  const files = Array.from({ length: shards + 1 }, (_, n) =>
    openSqliteStore(':memory:', n === 0 ? 'index' : `shard-${n - 1}`),
  )
  const [index, ...rest] = files.map(({ peers }) => peers.index)
  if (index === undefined) throw new Error('no index')
  const peers = { index, shards: rest }
  return {
    peers,
    files,
    store: sqliteStore(peers),
    close() {
      for (const file of files) file.close()
    },
  }
}

/** How a process dies: before its n-th call reaches a database, or after it did and before the answer came. */
export type Death = { readonly call: number; readonly when: 'before' | 'after' }

/** A store whose process dies in the middle; the databases live on. */
export function dying(peers: Peers, death: Death): { readonly store: Store; died(): boolean } {
  let calls = 0
  const mortal = (peer: Peer): Peer => ({
    async call(name, ...args) {
      calls += 1
      if (calls > death.call) throw new StoreUnavailable(name, 'the process is dead')
      if (calls < death.call) return peer.call(name, ...args)
      if (death.when === 'after') await peer.call(name, ...args)
      throw new StoreUnavailable(name, 'the process died')
    },
  })
  const store = sqliteStore({ index: mortal(peers.index), shards: peers.shards.map(mortal) })
  return { store, died: () => calls >= death.call }
}

/** Every way of dying in a course of at most so many calls. */
export function deaths(calls: number): readonly Death[] {
  return Array.from({ length: calls }, (_, n) => n + 1).flatMap((call) => [
    { call, when: 'before' as const },
    { call, when: 'after' as const },
  ])
}
