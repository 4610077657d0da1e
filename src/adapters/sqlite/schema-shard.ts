/**
 * Migration 1, the records of users. Free text is kept as JSON: SQLite ends a text at its first NUL on the way out.
 * Times are whole seconds.
 */
export const SHARD_1: readonly string[] = [
  `CREATE TABLE users (
    id TEXT PRIMARY KEY,
    tag TEXT NOT NULL,
    origin TEXT NOT NULL,
    guest INTEGER NOT NULL,
    profile TEXT NOT NULL,
    roles TEXT NOT NULL,
    primary_role TEXT,
    standing TEXT NOT NULL,
    attributes TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_sign_in_at INTEGER NOT NULL,
    ends_at INTEGER
  ) STRICT, WITHOUT ROWID`,
  // WHY: a write that was on its way when the person was removed must not bring the person back.
  `CREATE TABLE graves (id TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
  `CREATE TABLE identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    doc TEXT NOT NULL,
    linked_at INTEGER NOT NULL,
    place INTEGER NOT NULL,
    is_primary INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX identities_of_user ON identities (user, place)`,
  `CREATE UNIQUE INDEX identities_one_primary ON identities (user) WHERE is_primary = 1`,
  `CREATE TABLE sessions (
    key TEXT PRIMARY KEY,
    sid TEXT NOT NULL UNIQUE,
    user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    tag TEXT NOT NULL,
    facts TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    auth_time INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    idle_until INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    character TEXT,
    character_id TEXT,
    world TEXT,
    version INTEGER NOT NULL,
    CHECK (idle_until <= ends_at),
    CHECK ((character_id IS NULL) = (world IS NULL) AND (character_id IS NULL) = (character IS NULL)),
    CHECK (character_id <> '' AND world <> '')
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX sessions_of_user ON sessions (user, created_at, sid)`,
  `CREATE INDEX sessions_by_end ON sessions (idle_until)`,
  `CREATE INDEX sessions_by_age ON sessions (created_at, sid)`,
  `CREATE INDEX sessions_by_world ON sessions (world, created_at, sid) WHERE world IS NOT NULL`,
  `CREATE INDEX sessions_by_character ON sessions (character_id, world) WHERE character_id IS NOT NULL`,
  `CREATE TABLE former_keys (
    key TEXT PRIMARY KEY,
    current TEXT NOT NULL,
    until INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX former_keys_by_current ON former_keys (current)`,
  `CREATE INDEX former_keys_by_end ON former_keys (until)`,
  `CREATE TABLE ended (
    key TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX ended_by_time ON ended (at)`,

  // INVARIANT: `seen` and `totals` always say how many sessions there are; no operation can forget them.
  `CREATE TABLE seen (at INTEGER PRIMARY KEY, sessions INTEGER NOT NULL) STRICT`,
  `CREATE TABLE totals (name TEXT PRIMARY KEY, amount INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
  `INSERT INTO totals VALUES ('sessions', 0)`,
  `CREATE TRIGGER sessions_in AFTER INSERT ON sessions BEGIN
    UPDATE totals SET amount = amount + 1 WHERE name = 'sessions';
    INSERT INTO seen VALUES (new.last_seen_at, 1) ON CONFLICT DO UPDATE SET sessions = sessions + 1;
  END`,
  `CREATE TRIGGER sessions_out AFTER DELETE ON sessions BEGIN
    UPDATE totals SET amount = amount - 1 WHERE name = 'sessions';
    UPDATE seen SET sessions = sessions - 1 WHERE at = old.last_seen_at;
    DELETE FROM seen WHERE at = old.last_seen_at AND sessions < 1;
  END`,
  `CREATE TRIGGER sessions_seen AFTER UPDATE OF last_seen_at ON sessions
    WHEN old.last_seen_at <> new.last_seen_at BEGIN
    UPDATE seen SET sessions = sessions - 1 WHERE at = old.last_seen_at;
    DELETE FROM seen WHERE at = old.last_seen_at AND sessions < 1;
    INSERT INTO seen VALUES (new.last_seen_at, 1) ON CONFLICT DO UPDATE SET sessions = sessions + 1;
  END`,

  `CREATE TABLE logins (
    key TEXT PRIMARY KEY,
    doc TEXT NOT NULL,
    posted TEXT,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX logins_by_end ON logins (expires_at)`,
  `CREATE TABLE tickets (
    hash TEXT PRIMARY KEY,
    session_key TEXT NOT NULL,
    path TEXT NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX tickets_by_end ON tickets (expires_at)`,
  `CREATE TABLE rates (
    bucket TEXT PRIMARY KEY,
    hits INTEGER NOT NULL,
    resets_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX rates_by_end ON rates (resets_at)`,
  `CREATE TABLE quotas (
    user TEXT NOT NULL,
    name TEXT NOT NULL,
    used INTEGER NOT NULL CHECK (used >= 0),
    PRIMARY KEY (user, name)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE reservations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user TEXT NOT NULL,
    name TEXT NOT NULL,
    held_until INTEGER NOT NULL
  ) STRICT`,
  `CREATE INDEX reservations_of_user ON reservations (user, name, held_until)`,
  `CREATE INDEX reservations_by_end ON reservations (held_until)`,
  `CREATE TABLE tokens (
    key TEXT PRIMARY KEY,
    id TEXT NOT NULL,
    owner TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    doc TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    uses INTEGER NOT NULL,
    superseded INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX tokens_of_owner ON tokens (owner, id)`,
  `CREATE INDEX tokens_by_end ON tokens (expires_at) WHERE expires_at IS NOT NULL`,
]

/** Migration 4: a session remembers that the character it had selected is gone. */
export const SHARD_4: readonly string[] = [
  `ALTER TABLE sessions ADD COLUMN character_gone INTEGER NOT NULL DEFAULT 0
    CHECK (character_gone = 0 OR (character_gone = 1 AND character IS NULL))`,
]

/**
 * Migration 5: which of our sessions follow one of a provider, a row each: one text of all of them was read, changed and
 * written in three steps. What such texts said before (newest first, without an end of its own) is taken over.
 */
export const SHARD_5: readonly string[] = [
  `CREATE TABLE followers (
    key TEXT NOT NULL,
    sid TEXT NOT NULL,
    user TEXT NOT NULL,
    tag TEXT NOT NULL,
    ends_at INTEGER NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (key, sid)
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX followers_by_end ON followers (ends_at)`,
  `INSERT OR IGNORE INTO followers (key, sid, user, tag, ends_at, place)
    SELECT logins.key, one.value ->> 'sid', one.value ->> 'user', one.value ->> 'tag', logins.expires_at, 1 - one.key
    FROM logins, json_each(CASE WHEN logins.key GLOB 'provider-sid.*' THEN logins.posted ->> 'extra' ELSE '[]' END) AS one`,
  `DELETE FROM logins WHERE key GLOB 'provider-sid.*'`,
]
