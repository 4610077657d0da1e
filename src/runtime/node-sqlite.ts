import { createHash } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { backup, DatabaseSync, type StatementSync } from 'node:sqlite'
import { type Engine, type Row, type SqlDriver, SqlFailed, type SqlValue } from '../adapters/sqlite/driver.ts'
import { localPeer } from '../adapters/sqlite/local-peer.ts'
import { migrate } from '../adapters/sqlite/migrate.ts'
import type { Peers } from '../adapters/sqlite/operations.ts'
import { sqliteStore } from '../adapters/sqlite/store.ts'
import type { Store } from '../ports/store.ts'
import { placeOf } from './file-place.ts'
import { keepPrivate } from './private-file.ts'

/** The store file cannot be used: it is open in another process, or it is no store. One line for the operator. */
export class StoreFileProblem extends Error {
  override readonly name = 'StoreFileProblem'
}

const SQLITE_BUSY = 5
const SQLITE_CONSTRAINT = 19
/** Statements that change no record. */
const READS = /^\s*(?:SELECT|BEGIN|COMMIT|ROLLBACK|PRAGMA)\b/

function failure(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return error
  const isClosed = 'code' in error && error.code === 'ERR_INVALID_STATE'
  const code = 'errcode' in error ? Number(error.errcode) & 0xff : null
  // WHY: a constraint that does not hold is a bug of ours and stays one.
  if (!isClosed && (code === null || code === SQLITE_CONSTRAINT)) return error
  return new SqlFailed(error instanceof Error ? error.message : String(error))
}

/**
 * A `node:sqlite` database as a driver; the same on Node and on Deno.
 *
 * @param look - throws before a change that would not last
 */
export function nodeSqlDriver(database: DatabaseSync, look: () => void = () => undefined): SqlDriver {
  const statements = new Map<string, StatementSync>()
  let looked = false
  const prepared = (sql: string): StatementSync => {
    const known = statements.get(sql)
    if (known !== undefined) return known
    const statement = database.prepare(sql)
    statements.set(sql, statement)
    return statement
  }
  return {
    all(sql: string, ...params: readonly SqlValue[]): readonly Row[] {
      try {
        if (!looked && !READS.test(sql)) {
          look()
          looked = true
        }
        return prepared(sql).all(...params) as Row[]
      } catch (error) {
        throw failure(error)
      }
    },
    transaction(work) {
      this.all('BEGIN IMMEDIATE')
      looked = false
      try {
        const value = work()
        this.all('COMMIT')
        return value
      } catch (error) {
        if (database.isTransaction) this.all('ROLLBACK')
        throw error
      }
    },
  }
}

/** An embedded store in a file, and how to let go of it. */
export interface FileStore {
  readonly store: Store
  /** Its databases, for tests and tools. */
  readonly peers: Peers
  readonly engine: Engine
  /** Others on the machine may read the file, and it could not be helped. */
  readonly exposed: boolean
  /** Writes a copy that is whole although the store is in use, readable by its owner alone; refuses to overwrite. */
  backup(file: string): Promise<void>
  close(): void
}

/**
 * Opens the store in a file, or in memory for `:memory:`; makes file and folder when there are none.
 *
 * @param chain - name of its audit chain; a store of one file has one
 * @throws StoreFileProblem when another process has it open, and when it can be neither made nor opened
 */
export function openSqliteStore(file: string, chain = 'main'): FileStore {
  const { database, exposed } = opened(file)
  const engine: Engine = {
    sql: nodeSqlDriver(database, file === ':memory:' ? undefined : placeOf(file)),
    chain,
    digest: (text) => createHash('sha256').update(text, 'utf8').digest('hex'),
  }
  try {
    migrate(engine.sql)
  } catch (error) {
    database.close()
    throw error
  }
  const peer = localPeer(engine)
  const peers = { shards: [peer], index: peer }
  return {
    store: sqliteStore(peers),
    peers,
    engine,
    exposed,
    async backup(target) {
      // ATTACK: a copy holds the root secret: nobody else on the machine may read it, from its first byte on.
      writeFileSync(target, '', { flag: 'wx', mode: 0o600 })
      try {
        // WHY: not VACUUM INTO: it attaches a database, and Deno lets none be attached where rights are limited.
        await copied(database, target)
      } catch (error) {
        rmSync(target, { force: true })
        throw failure(error)
      }
    },
    close: () => database.close(),
  }
}

const COPY_TRIES = 200
const COPY_PAUSE_MS = 10

/**
 * Copies a database that is in use.
 *
 * WHY: Node gives up, with error number 0, where the first step of a copy meets a transaction of ours: it takes no page copied
 * yet for none left (nodejs/node, src/node_sqlite.cc, BackupJob). Later steps wait for their turn.
 */
async function copied(database: DatabaseSync, target: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await backup(database, target)
      return
    } catch (error) {
      const hasMetOurs = typeof error === 'object' && error !== null && 'errcode' in error && error.errcode === 0
      if (!hasMetOurs || tries === COPY_TRIES) throw error
      await new Promise((resolve) => setTimeout(resolve, COPY_PAUSE_MS))
    }
  }
}

function opened(file: string): { readonly database: DatabaseSync; readonly exposed: boolean } {
  let database: DatabaseSync | null = null
  try {
    const exposed = file !== ':memory:' && !keepPrivate(file)
    database = new DatabaseSync(file)
    prepare(database)
    return { database, exposed }
  } catch (error) {
    database?.close()
    throw new StoreFileProblem(`${file}: ${reasonOf(error)}`)
  }
}

function prepare(database: DatabaseSync): void {
  for (const statement of [
    'PRAGMA busy_timeout = 300',
    // INVARIANT: one process a file. The lock is the kernel's, so a killed process leaves none behind.
    'PRAGMA locking_mode = EXCLUSIVE',
    'PRAGMA journal_mode = WAL',
    // INVARIANT: what was acknowledged is on the disk.
    'PRAGMA synchronous = FULL',
    'PRAGMA foreign_keys = ON',
    'BEGIN IMMEDIATE',
    'COMMIT',
  ]) {
    // WHY: not `exec`, whose errors on Deno do not say which they are.
    database.prepare(statement).all()
  }
}

function reasonOf(error: unknown): string {
  const isBusy = typeof error === 'object' && error !== null && 'errcode' in error && error.errcode === SQLITE_BUSY
  if (isBusy) return 'PST450 is open in another process; one store file serves one process, use Redis for more'
  return `PST451 cannot be opened as a store: ${error instanceof Error ? error.message : String(error)}`
}
