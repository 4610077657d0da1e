import type { SqlDriver } from './driver.ts'
import { wholeOf } from './row.ts'
import { COMMON_1, COMMON_2, COMMON_3, COMMON_6, INDEX_1 } from './schema-index.ts'
import { SHARD_1, SHARD_4, SHARD_5 } from './schema-shard.ts'

/**
 * Every change of the schema, in order; a shipped one is never edited. All databases have all tables: on Node and
 * Deno one file holds everything, in Durable Objects the tables of the other part stay empty.
 */
export const MIGRATIONS: readonly (readonly string[])[] = [
  [...COMMON_1, ...SHARD_1, ...INDEX_1],
  COMMON_2,
  COMMON_3,
  SHARD_4,
  SHARD_5,
  COMMON_6,
]

/** The schema is newer than this version of Postern. */
export class SchemaTooNew extends Error {
  override readonly name = 'SchemaTooNew'
}

/**
 * Brings a database to the schema of this version, each step in one transaction.
 *
 * @throws SchemaTooNew when a later version of Postern wrote it
 */
export function migrate(sql: SqlDriver, migrations: readonly (readonly string[])[] = MIGRATIONS): void {
  sql.all('CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY) STRICT')
  const [row] = sql.all('SELECT coalesce(max(version), 0) AS version FROM schema_version')
  const stored = row === undefined ? 0 : wholeOf(row, 'version')
  if (stored > migrations.length) {
    throw new SchemaTooNew(
      `the store has schema ${stored}, this version knows ${migrations.length}; start the later one`,
    )
  }
  for (const [index, statements] of migrations.entries()) {
    if (index < stored) continue
    sql.transaction(() => {
      for (const statement of statements) sql.all(statement)
      sql.all('INSERT INTO schema_version VALUES (?)', index + 1)
    })
  }
}
