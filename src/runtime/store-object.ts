import { DurableObject } from 'cloudflare:workers'
// @ts-expect-error the types of Workers leave out node:crypto, which workerd has with nodejs_compat
import { createHash as untypedHash } from 'node:crypto'
import type { Engine, Row, SqlDriver, SqlValue } from '../adapters/sqlite/driver.ts'
import { localPeer } from '../adapters/sqlite/local-peer.ts'
import { migrate } from '../adapters/sqlite/migrate.ts'
import { isOperation, type Peers, perform } from '../adapters/sqlite/operations.ts'
import { deliverPosts, repair } from '../adapters/sqlite/repair.ts'
import { type Seconds, seconds } from '../core/brand.ts'
import { durablePeers, type Place } from './durable-store.ts'

/** The binding under which wrangler.toml offers the namespace of this class. */
export interface StoreEnv {
  readonly STORE: DurableObjectNamespace<StoreObject>
}

/** Synchronous SHA-256: an operation does not wait between two statements, and Web Crypto would make it. */
const createHash: (algorithm: 'sha256') => {
  update(text: string, encoding: 'utf8'): { digest(encoding: 'hex'): string }
} = untypedHash

const HOUR_MS = 3_600_000
const SOON_MS = 10_000
/** Reads and the heartbeat leave nothing behind that a sweep would have to finish. */
const QUIET: ReadonlySet<string> = new Set(['readSession', 'extendSession', 'readToken', 'countSessions', 'hitRate'])

function durableSqlDriver(storage: DurableObjectStorage): SqlDriver {
  return {
    all: (sql: string, ...params: readonly SqlValue[]): readonly Row[] => storage.sql.exec(sql, ...params).toArray(),
    transaction: (work) => storage.transactionSync(work),
  }
}

/**
 * One database of a store in Durable Objects: a shard or the index. It runs one operation at a time, each synchronous
 * and in one transaction, and sweeps by alarm.
 */
export class StoreObject extends DurableObject<StoreEnv> {
  readonly #sql: SqlDriver
  #place: Place | null = null

  constructor(ctx: DurableObjectState, env: StoreEnv) {
    super(ctx, env)
    this.#sql = durableSqlDriver(ctx.storage)
    migrate(this.#sql)
    const [row] = this.#sql.all("SELECT value FROM marks WHERE name = 'place'")
    if (row !== undefined) this.#place = JSON.parse(String(row['value'])) as Place
  }

  /** Runs one operation of `adapters/sqlite/operations.ts`. */
  async call(place: Place, operation: string, args: readonly unknown[]): Promise<unknown> {
    if (!isOperation(operation)) throw new Error(`there is no operation "${operation}"`)
    const engine = this.#engineAt(place)
    // The caller is our own `durablePeers`, typed by the same table.
    const answer = perform(engine, operation, args as never)
    if (!QUIET.has(operation)) await this.#wakeFor(engine)
    return answer
  }

  override async alarm(): Promise<void> {
    const place = this.#place
    if (place === null) return
    const now = seconds(Math.floor(Date.now() / 1000))
    await this.ctx.storage.setAlarm(Date.now() + HOUR_MS)
    const peers = this.#peersFrom(place)
    if (place.part === 'index') await repair(peers, now)
    else await this.#sweepSelf(peers, place.part, now)
  }

  async #sweepSelf({ shards, index }: Peers, part: number, now: Seconds): Promise<void> {
    const self = shards[part]
    if (self === undefined) return
    await self.call('sweepShard', now)
    await deliverPosts(self, index, now)
  }

  /** The peers as this object sees them: itself without a detour. */
  #peersFrom(place: Place): Peers {
    const peers = durablePeers(this.env.STORE, place.shards, { realm: place.realm })
    const self = localPeer(this.#engineAt(place))
    if (place.part === 'index') return { shards: peers.shards, index: self }
    return { shards: peers.shards.map((peer, part) => (part === place.part ? self : peer)), index: peers.index }
  }

  #engineAt(place: Place): Engine {
    this.#settleAt(place)
    return {
      sql: this.#sql,
      chain: place.part === 'index' ? 'index' : `shard-${place.part}`,
      digest: (text) => createHash('sha256').update(text, 'utf8').digest('hex'),
    }
  }

  // INVARIANT: with another number of shards records would be looked for in the wrong object and not be found.
  #settleAt(place: Place): void {
    const known = this.#place
    if (known === null) {
      this.#sql.all("INSERT INTO marks (name, value) VALUES ('place', ?)", JSON.stringify(place))
      this.#place = place
      return
    }
    if (known.shards !== place.shards || known.part !== place.part) {
      throw new Error(`this store has ${known.shards} shards for good, and is asked as one of ${place.shards}`)
    }
  }

  /** Sees to it that the alarm rings within the hour, or soon when something is left to finish. */
  async #wakeFor({ sql }: Engine): Promise<void> {
    const [row] = sql.all(
      `SELECT EXISTS (SELECT 1 FROM outbox) OR EXISTS (SELECT 1 FROM demotions) OR EXISTS (SELECT 1 FROM revocations)
         OR EXISTS (SELECT 1 FROM identity_index WHERE state <> 'confirmed') AS open`,
    )
    const latest = Date.now() + (row?.['open'] === 1 ? SOON_MS : HOUR_MS)
    const set = await this.ctx.storage.getAlarm()
    if (set === null || set > latest) await this.ctx.storage.setAlarm(latest)
  }
}
