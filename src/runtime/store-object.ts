import { DurableObject } from 'cloudflare:workers'
import { createHash } from 'node:crypto'
import type { Engine, Row, SqlDriver, SqlValue } from '../adapters/sqlite/driver.ts'
import { localPeer } from '../adapters/sqlite/local-peer.ts'
import { migrate } from '../adapters/sqlite/migrate.ts'
import { isOperation, type Peers, perform } from '../adapters/sqlite/operations.ts'
import { deliverPosts, finishIndex, repair } from '../adapters/sqlite/repair.ts'
import { type Seconds, seconds } from '../core/brand.ts'
import { durablePeers, type Place, type Said } from './durable-store.ts'
import { GUESTS_EVERY_MS } from './guest-clock.ts'

/** The binding under which wrangler.toml offers the namespace of this class. */
export interface StoreEnv {
  readonly STORE: DurableObjectNamespace<StoreObject>
}

const HOUR_MS = 3_600_000
/** Sooner than an idle object is put away, so that finishing what was left does not wake it up again. */
const SOON_MS = 5_000
const ALARM_LIMIT_MS = 10_000
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
  async call(place: Place, operation: string, args: readonly unknown[]): Promise<Said> {
    try {
      if (!isOperation(operation)) return { failure: `there is no operation "${operation}"` }
      // The caller is our own `durablePeers`, typed by the same table.
      const answer = perform(this.#engineAt(place), operation, args as never)
      if (!QUIET.has(operation)) await this.#wake()
      return { answer }
    } catch (error) {
      return { failure: error instanceof Error ? error.message : String(error) }
    }
  }

  /** What a deployment does about guest accounts that are over; the object itself has no way to an upstream. */
  protected endGuests(): Promise<void> {
    return Promise.resolve()
  }

  /** What a deployment does after the hourly sweep: the object itself does not know which sessions it calls active. */
  protected tellSessions(): Promise<void> {
    return Promise.resolve()
  }

  override async alarm(): Promise<void> {
    const place = this.#place
    if (place === null) return
    const engine = this.#engineAt(place)
    const now = seconds(Math.floor(Date.now() / 1000))
    // WHY: first of all, so that an alarm that fails is followed by another.
    await this.ctx.storage.setAlarm(Date.now() + SOON_MS)
    const peers = this.#peersFrom(place, engine)
    const isDue = now >= this.#markedAt('swept') + HOUR_MS / 1000
    if (isDue) {
      await this.#sweep(peers, place.part, now)
      this.#mark('swept', now)
    } else if (place.part === 'index') {
      await finishIndex(peers, now)
    } else {
      await deliverPosts(localPeer(engine), peers.index, now)
    }
    if (isDue && place.part === 'index') await this.tellSessions()
    if (place.part === 'index' && this.#guestsAt() <= Date.now()) {
      this.#mark('guests', now)
      await this.endGuests()
    }
    await this.ctx.storage.setAlarm(this.#nextAlarm())
  }

  async #sweep(peers: Peers, part: Place['part'], now: Seconds): Promise<void> {
    if (part === 'index') {
      await repair(peers, now)
      return
    }
    const self = peers.shards[part]
    if (self === undefined) return
    await self.call('sweepShard', now)
    await deliverPosts(self, peers.index, now)
  }

  #mark(name: 'swept' | 'guests', now: number): void {
    this.#sql.all('INSERT OR REPLACE INTO marks (name, value) VALUES (?, ?)', name, String(now))
  }

  #markedAt(name: 'swept' | 'guests'): number {
    const [row] = this.#sql.all('SELECT value FROM marks WHERE name = ?', name)
    return row === undefined ? 0 : Number(row['value'])
  }

  /** When the next guest account is to be ended, milliseconds: at its end, and a minute after the last look at least. */
  #guestsAt(): number {
    const [row] = this.#sql.all('SELECT min(guest_until) AS at FROM people WHERE guest_until IS NOT NULL')
    const at = row === undefined || row['at'] === null ? Number.POSITIVE_INFINITY : Number(row['at']) * 1000
    return Math.max(at, this.#markedAt('guests') * 1000 + GUESTS_EVERY_MS)
  }

  /** Within the hour, or soon when something is left to finish, or when a guest account is over. */
  #nextAlarm(): number {
    const [row] = this.#sql.all(
      `SELECT EXISTS (SELECT 1 FROM outbox) OR EXISTS (SELECT 1 FROM demotions) OR EXISTS (SELECT 1 FROM revocations)
         OR EXISTS (SELECT 1 FROM identity_index WHERE state <> 'confirmed') AS open`,
    )
    const usual = Date.now() + (row?.['open'] === 1 ? SOON_MS : HOUR_MS)
    return Math.min(usual, Math.max(this.#guestsAt(), Date.now() + SOON_MS))
  }

  /** The peers as this object sees them: itself without a detour. Nobody waits for an alarm, so it may take its time. */
  #peersFrom(place: Place, engine: Engine): Peers {
    const peers = durablePeers(this.env.STORE, place.shards, { realm: place.realm, limitMs: ALARM_LIMIT_MS })
    const self = localPeer(engine)
    if (place.part === 'index') return { shards: peers.shards, index: self }
    return { shards: peers.shards.map((peer, part) => (part === place.part ? self : peer)), index: peers.index }
  }

  #engineAt(place: Place): Engine {
    this.#settleAt(place)
    return {
      sql: this.#sql,
      chain: place.part === 'index' ? 'index' : `shard-${place.part}`,
      // WHY: an operation does not wait between two statements, and Web Crypto would make it.
      digest: (text) => createHash('sha256').update(text, 'utf8').digest('hex'),
    }
  }

  // INVARIANT: with another number of shards records would be looked for in the wrong object and not be found.
  #settleAt(place: Place): void {
    const known = this.#place
    if (known === null) {
      this.#sql.all("INSERT INTO marks (name, value) VALUES ('place', ?)", JSON.stringify(place))
      this.#mark('swept', Math.floor(Date.now() / 1000))
      this.#place = place
      return
    }
    if (known.shards !== place.shards || known.part !== place.part) {
      throw new Error(`this store has ${known.shards} shards for good, and is asked as one of ${place.shards}`)
    }
  }

  async #wake(): Promise<void> {
    const latest = this.#nextAlarm()
    const set = await this.ctx.storage.getAlarm()
    if (set === null || set > latest) await this.ctx.storage.setAlarm(latest)
  }
}
