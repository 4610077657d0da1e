/** Migration 1, what every database has: its audit chain, its post to other databases, its marks. */
export const COMMON_1: readonly string[] = [
  `CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    event TEXT NOT NULL,
    subject TEXT,
    entry TEXT NOT NULL,
    hash TEXT NOT NULL
  ) STRICT`,
  `CREATE INDEX audit_by_time ON audit (at, sequence)`,
  `CREATE INDEX audit_by_subject ON audit (subject, at, sequence) WHERE subject IS NOT NULL`,
  // The record before the oldest that is kept: the chain goes on from it after retention.
  `CREATE TABLE audit_checkpoint (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    sequence INTEGER NOT NULL,
    hash TEXT NOT NULL
  ) STRICT`,
  `INSERT INTO audit_checkpoint VALUES (1, 0, '')`,
  // What another database has to learn of a change here; kept until it said that it did.
  `CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    operation TEXT NOT NULL,
    args TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT`,
  `CREATE TABLE marks (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID`,
]

/** Migration 2: what is personal in the audit trail, beside the chain so that it can go while the chain stays. */
export const COMMON_2: readonly string[] = [
  `CREATE TABLE audit_personal (
    sequence INTEGER PRIMARY KEY,
    subject TEXT NOT NULL,
    salt TEXT NOT NULL,
    fields TEXT NOT NULL
  ) STRICT`,
  `CREATE INDEX audit_personal_of_subject ON audit_personal (subject)`,
]

/** Migration 3: what was signed when retention made a checkpoint. */
export const COMMON_3: readonly string[] = [`ALTER TABLE audit_checkpoint ADD COLUMN signature TEXT`]

/** Migration 6: nothing personal is in the audit trail, so nothing has to stand beside it. */
export const COMMON_6: readonly string[] = ['DROP TABLE audit_personal']

/** Migration 1, what spans users: the index. */
export const INDEX_1: readonly string[] = [
  `CREATE TABLE identity_index (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user TEXT NOT NULL,
    tag TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('sign-up', 'link', 'confirmed')),
    claimed_at INTEGER NOT NULL,
    stamp INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX identity_index_of_user ON identity_index (user)`,
  `CREATE INDEX identity_index_claims ON identity_index (claimed_at) WHERE state <> 'confirmed'`,
  `CREATE TABLE people (
    user TEXT PRIMARY KEY,
    tag TEXT NOT NULL,
    folded TEXT NOT NULL,
    guest_until INTEGER,
    blocked_until INTEGER NOT NULL,
    epoch INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX people_by_name ON people (folded, user)`,
  `CREATE INDEX people_guests ON people (guest_until) WHERE guest_until IS NOT NULL`,
  `CREATE TABLE forgotten (user TEXT PRIMARY KEY) STRICT, WITHOUT ROWID`,
  `CREATE TABLE holders (role TEXT NOT NULL, user TEXT NOT NULL, PRIMARY KEY (role, user)) STRICT, WITHOUT ROWID`,
  `CREATE INDEX holders_of_user ON holders (user)`,
  // A user whose admin role is being taken away does not count as an admin any more.
  `CREATE TABLE demotions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user TEXT NOT NULL,
    tag TEXT NOT NULL,
    claimed_at INTEGER NOT NULL
  ) STRICT`,
  `CREATE INDEX demotions_of_user ON demotions (user)`,
  `CREATE TABLE revocations (
    generation INTEGER NOT NULL,
    shard INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (generation, shard)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE keys (
    kid TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    doc TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    place INTEGER NOT NULL,
    retired_at INTEGER
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE policies (
    hash TEXT PRIMARY KEY,
    parent TEXT,
    bundle TEXT NOT NULL,
    pushed_at INTEGER NOT NULL,
    place INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE heads (
    chain TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    hash TEXT NOT NULL,
    sealed_at INTEGER NOT NULL,
    PRIMARY KEY (chain, sequence)
  ) STRICT, WITHOUT ROWID`,
]
