import type { FileStore } from '../../../src/runtime/node-sqlite.ts'
import { at, T0 } from '../../contract/people.ts'

/** The statements that an operation ran, as the engine planned them. */
export async function plansOf(file: FileStore, operation: () => Promise<unknown>): Promise<readonly string[]> {
  const { sql } = file.engine
  const ran: string[] = []
  const all = sql.all.bind(sql)
  Object.assign(sql, {
    all: (statement: string, ...params: readonly (string | number | null)[]) => {
      ran.push(statement)
      return all(statement, ...params)
    },
  })
  await operation()
  Object.assign(sql, { all })
  return ran
    .filter((statement) => /^\s*(SELECT|INSERT|UPDATE|DELETE)/.test(statement))
    .flatMap((statement) => all(`EXPLAIN QUERY PLAN ${statement}`).map((row) => String(row['detail'])))
}

/** Plans that look at every row of a table with records of users. */
export function scans(plans: readonly string[]): readonly string[] {
  return plans.filter((plan) => /^SCAN (sessions|s|users|u|tokens|identities|ended|people|audit|logins)\b/.test(plan))
}

/** Fills in sessions as fast as SQL can, spread over users. */
export function fill(file: FileStore, sessions: number, perUser: number): void {
  const { sql } = file.engine
  const facts = '{"provider":"p","client":"c","userAgent":"u","address":null,"country":null}'
  const profile = '{"name":"n","email":null,"emailVerified":false,"picture":null}'
  sql.transaction(() => {
    sql.all(
      `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       INSERT INTO users SELECT 'u' || i, 't' || i, 'sign-up', 0, ?, '[]', NULL, '{"kind":"active"}', '{}', 1, ?, ?, NULL
       FROM n`,
      Math.ceil(sessions / perUser),
      profile,
      T0,
      T0,
    )
    sql.all(
      `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ? - 1)
       INSERT INTO sessions (key, sid, user, tag, facts, created_at, auth_time, last_seen_at, idle_until, ends_at, version)
       SELECT 't' || (i / cast(? AS INTEGER)) || '.k' || i, 's' || printf('%07d', i), 'u' || (i / cast(? AS INTEGER)), 't' || (i / cast(? AS INTEGER)), ?, ? + i / 100, ?,
         ? + i / 50, ?, ?, 1 FROM n`,
      sessions,
      perUser,
      perUser,
      perUser,
      facts,
      T0,
      T0,
      T0,
      at(100_000),
      at(100_000),
    )
  })
}
