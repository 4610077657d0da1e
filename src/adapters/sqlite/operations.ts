import * as attempts from './attempt-operations.ts'
import * as audit from './audit-operations.ts'
import * as directory from './directory-operations.ts'
import type { Engine } from './driver.ts'
import * as identities from './identity-operations.ts'
import * as index from './index-operations.ts'
import * as keys from './key-operations.ts'
import * as limits from './limit-operations.ts'
import * as listing from './listing-operations.ts'
import * as outbox from './outbox-operations.ts'
import * as revocations from './revocation-operations.ts'
import * as sessions from './session-operations.ts'
import * as tokens from './token-operations.ts'

/** Every operation by name: a synchronous function of an engine and plain values, giving a plain value. */
export type Operations = typeof sessions &
  typeof revocations &
  typeof listing &
  typeof directory &
  typeof identities &
  typeof index &
  typeof attempts &
  typeof limits &
  typeof tokens &
  typeof keys &
  typeof audit &
  typeof outbox

/** The name of an operation. */
export type OperationName = keyof Operations
/** What an operation takes besides its engine. */
export type ArgumentsOf<K extends OperationName> = Operations[K] extends (engine: Engine, ...args: infer A) => unknown
  ? A
  : never
/** What an operation gives. */
export type AnswerOf<K extends OperationName> = ReturnType<Operations[K]>

const TABLE: Operations = {
  ...sessions,
  ...revocations,
  ...listing,
  ...directory,
  ...identities,
  ...index,
  ...attempts,
  ...limits,
  ...tokens,
  ...keys,
  ...audit,
  ...outbox,
}

/** Operations that write nothing, so that they need no transaction. */
const READS: ReadonlySet<OperationName> = new Set<OperationName>([
  'listSessions',
  'listAllSessions',
  'presenceOf',
  'charactersHere',
  'readUser',
  'readUsers',
  'ownsIdentity',
  'listIdentities',
  'lookUpIdentity',
  'whereIs',
  'searchPeople',
  'overdueGuests',
  'openDemotions',
  'openClaims',
  'openRevocations',
  'peekLogin',
  'listFollowers',
  'usedQuota',
  'readToken',
  'listTokens',
  'listKeys',
  'activePolicy',
  'readPolicy',
  'policyHistory',
  'readAudit',
  'walkAudit',
  'hashAt',
  'chainState',
  'sealsOf',
  'signedCheckpoint',
  'nextCheckpoint',
  'openPosts',
])

/** Whether a name that came from outside is one of an operation. */
export function isOperation(name: string): name is OperationName {
  return Object.hasOwn(TABLE, name)
}

/** Runs one operation: all of it or nothing. */
export function perform<K extends OperationName>(engine: Engine, name: K, args: ArgumentsOf<K>): AnswerOf<K> {
  const operation = TABLE[name] as unknown as (engine: Engine, ...args: ArgumentsOf<K>) => AnswerOf<K>
  const run = () => operation(engine, ...args)
  return READS.has(name) ? run() : engine.sql.transaction(run)
}

/** A database that may be elsewhere. A rejection is an outage: it says `StoreUnavailable`. */
export interface Peer {
  /** A database of this process: it answers before anybody else has a turn. */
  readonly place?: 'here'
  call<K extends OperationName>(name: K, ...args: ArgumentsOf<K>): Promise<AnswerOf<K>>
}

/** All databases of one store; on Node and Deno the shard and the index are the same one. */
export interface Peers {
  readonly shards: readonly Peer[]
  readonly index: Peer
}

/**
 * The shard of a tag, or of any other name that has to be found again: FNV-1a over its UTF-16 units.
 *
 * INVARIANT: never changed, and neither is the number of shards: records would not be found any more.
 */
export function shardNumber(name: string, shards: number): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % shards
}

/** The shard of a name. */
export function shardOf(peers: Peers, name: string): Peer {
  const peer = peers.shards[shardNumber(name, peers.shards.length)]
  if (peer === undefined) throw new RangeError('a store needs at least one shard')
  return peer
}

/** The tag at the front of a session or token key. */
export function tagOf(key: string): string {
  const dot = key.indexOf('.')
  return dot === -1 ? key : key.slice(0, dot)
}
