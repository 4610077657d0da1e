import type { Peer, Peers } from '../adapters/sqlite/operations.ts'
import { sqliteStore } from '../adapters/sqlite/store.ts'
import { type Store, StoreUnavailable } from '../ports/store.ts'

/** Which part of which store an object is; an object keeps to the first it was told. */
export interface Place {
  /** Keeps several stores in one namespace apart; empty for the only one. */
  readonly realm: string
  readonly shards: number
  readonly part: number | 'index'
}

/** What an object says to a call: an error would keep no more than its message on the way, so it is a value. */
export type Said = { readonly answer: unknown } | { readonly failure: string }

/** What of a Durable Object namespace a store needs: its objects answer `call` and nothing else. */
export interface StoreNamespace {
  idFromName(name: string): unknown
  get(id: unknown): { call(place: Place, operation: string, args: readonly unknown[]): Promise<Said> }
}

/** How long an operation may take before the store counts as silent: the answer that says so comes within 500 ms (SPEC 10). */
export const ANSWER_LIMIT_MS = 400

/** Operations over all records of an object may take longer: no request of a player waits for them. */
const MAINTENANCE: ReadonlySet<string> = new Set([
  'sweepShard',
  'walkAudit',
  'nextCheckpoint',
  'retainAudit',
  'revokeShard',
  'openPosts',
  'sealHeads',
])
const MAINTENANCE_FACTOR = 20

/** Settings of a store in Durable Objects; the defaults are the deployment's. */
export interface DurableOptions {
  readonly realm?: string
  readonly limitMs?: number
}

/** The databases of a store in Durable Objects: one index and a fixed number of shards. */
export function durablePeers(namespace: StoreNamespace, shards: number, options: DurableOptions = {}): Peers {
  const { realm = '', limitMs = ANSWER_LIMIT_MS } = options
  const peer = (part: number | 'index') => objectPeer(namespace, { realm, shards, part }, limitMs)
  return { index: peer('index'), shards: Array.from({ length: shards }, (_, number) => peer(number)) }
}

/** A store in Durable Objects. `shards` is chosen once and for all: the objects refuse another number. */
export function durableStore(namespace: StoreNamespace, shards: number, options: DurableOptions = {}): Store {
  return sqliteStore(durablePeers(namespace, shards, options))
}

/** The name of the object at a place. */
export function objectName({ realm, part }: Place): string {
  const name = part === 'index' ? 'index' : `shard-${part}`
  return realm === '' ? name : `${realm}:${name}`
}

function objectPeer(namespace: StoreNamespace, place: Place, limitMs: number): Peer {
  return {
    async call(name, ...args) {
      const limit = MAINTENANCE.has(name) ? limitMs * MAINTENANCE_FACTOR : limitMs
      // WHY: a stub that failed once may stay broken, so each call takes its own.
      const stub = namespace.get(namespace.idFromName(objectName(place)))
      // An object runs the operation of this name and this name only, so its answer is that operation's.
      return (await answerOf(name, stub.call(place, name, args), limit)) as never
    },
  }
}

async function answerOf(operation: string, saying: Promise<Said>, limitMs: number): Promise<unknown> {
  let timer: ReturnType<typeof setTimeout> | null = null
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StoreUnavailable(operation, `no answer within ${limitMs} ms`)), limitMs)
  })
  try {
    const said = await Promise.race([saying, silence])
    if ('failure' in said) throw new StoreUnavailable(operation, said.failure)
    return said.answer
  } catch (error) {
    if (error instanceof StoreUnavailable) throw error
    throw new StoreUnavailable(operation, error instanceof Error ? error.message : String(error))
  } finally {
    if (timer !== null) clearTimeout(timer)
  }
}
