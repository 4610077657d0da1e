/** What a statement takes and gives; booleans are 0 and 1. */
export type SqlValue = string | number | null

/** One row by column name; nothing in it is believed before it was read by `row.ts`. */
export type Row = Readonly<Record<string, unknown>>

/** An open SQLite database. Both methods are synchronous, so nothing comes between two statements. */
export interface SqlDriver {
  /** Runs one statement and gives its rows; none for a statement without RETURNING. */
  all(sql: string, ...params: readonly SqlValue[]): readonly Row[]
  /** Commits what `work` did when it returns, undoes all of it when it throws. */
  transaction<T>(work: () => T): T
}

/** What an operation works with: its database, and what SQL has no word for. */
export interface Engine {
  readonly sql: SqlDriver
  /** Name of this database in audit records: its chain. */
  readonly chain: string
  /** Hex SHA-256 of the UTF-8 bytes of a text. */
  digest(text: string): string
}

/** The database did not do what it was asked: full, locked, broken, gone. Thrown by drivers; a bug is not one of these. */
export class SqlFailed extends Error {
  override readonly name = 'SqlFailed'
}
