import type { Seconds, UserId } from '../../core/brand.ts'
import type { Profile, User, UserRef } from '../../core/person.ts'
import type { ProvenIdentity } from '../../ports/store.ts'
import type { Engine, Row } from './driver.ts'
import { type IndexChange, NO_CHANGE, type Post, personEntry } from './index-change.ts'
import { identityOf } from './records.ts'
import { wholeOf } from './row.ts'

/** Leaves a change for the index in the outbox, in the transaction of the change itself. */
export function post({ sql }: Engine, change: Partial<IndexChange>, at: Seconds): Post {
  const whole = { ...NO_CHANGE, ...change }
  const [row] = sql.all(
    "INSERT INTO outbox (operation, args, at) VALUES ('settle', ?, ?) RETURNING id",
    JSON.stringify(whole),
    at,
  )
  return { id: row === undefined ? 0 : wholeOf(row, 'id'), change: whole }
}

/** Writes all of a user; a new one or in place of the old one. */
export function saveUser({ sql }: Engine, user: User): void {
  sql.all(
    `INSERT INTO users (id, tag, origin, guest, profile, roles, primary_role, standing, attributes, epoch, created_at,
       last_sign_in_at, ends_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET guest = excluded.guest, profile = excluded.profile, roles = excluded.roles,
       primary_role = excluded.primary_role, standing = excluded.standing, attributes = excluded.attributes,
       epoch = excluded.epoch, ends_at = excluded.ends_at`,
    user.id,
    user.tag,
    user.origin,
    user.guest ? 1 : 0,
    JSON.stringify(user.profile),
    JSON.stringify(user.roles),
    user.primaryRole,
    JSON.stringify(user.standing),
    JSON.stringify(user.attributes),
    user.epoch,
    user.createdAt,
    user.lastSignInAt,
    user.endsAt,
  )
}

/** Writes changed fields of a user and raises the epoch. */
export function changeUser(engine: Engine, user: User, changes: Partial<User>): User {
  const changed = { ...user, ...changes, epoch: user.epoch + 1 }
  saveUser(engine, changed)
  return changed
}

/** The row of an identity here. */
export function findIdentity({ sql }: Engine, issuer: string, subject: string): Row | null {
  const [row] = sql.all('SELECT * FROM identities WHERE issuer = ? AND subject = ?', issuer, subject)
  return row ?? null
}

/** The profile after a provider spoke again: what it left out this time (Apple sends the name once) stays. */
export function renewed(known: Profile, told: Profile): Profile {
  const mail = told.email === null ? known : told
  return {
    name: told.name ?? known.name,
    email: mail.email,
    emailVerified: mail.emailVerified,
    picture: told.picture ?? known.picture,
  }
}

/** Whether two profiles say the same. */
export function sameProfile(a: Profile, b: Profile): boolean {
  return a.name === b.name && a.email === b.email && a.emailVerified === b.emailVerified && a.picture === b.picture
}

/** Adds an identity to a user, as primary when asked or when it is the first. */
export function addIdentity(
  engine: Engine,
  user: UserRef,
  identity: ProvenIdentity,
  rank: 'primary' | 'secondary',
  now: Seconds,
): 'primary' | 'secondary' {
  const { issuer, subject, provider, profile } = identity
  const [row] = engine.sql.all(
    'SELECT count(*) AS known, coalesce(max(place), 0) AS place FROM identities WHERE user = ?',
    user.id,
  )
  const first = row === undefined || wholeOf(row, 'known') === 0
  const becomes = first || rank === 'primary' ? 'primary' : 'secondary'
  if (becomes === 'primary') engine.sql.all('UPDATE identities SET is_primary = 0 WHERE user = ?', user.id)
  engine.sql.all(
    'INSERT INTO identities (issuer, subject, user, doc, linked_at, place, is_primary) VALUES (?, ?, ?, ?, ?, ?, ?)',
    issuer,
    subject,
    user.id,
    JSON.stringify({ issuer, subject, provider, profile }),
    now,
    row === undefined ? 1 : wholeOf(row, 'place') + 1,
    becomes === 'primary' ? 1 : 0,
  )
  return becomes
}

/** Makes one identity of a user primary; the user's profile becomes its. */
export function makePrimary(engine: Engine, user: User, issuer: string, subject: string): User | null {
  const row = findIdentity(engine, issuer, subject)
  if (row === null || row['user'] !== user.id) return null
  engine.sql.all('UPDATE identities SET is_primary = 0 WHERE user = ?', user.id)
  engine.sql.all('UPDATE identities SET is_primary = 1 WHERE issuer = ? AND subject = ?', issuer, subject)
  return changeUser(engine, user, { profile: renewed(user.profile, identityOf(row).profile) })
}

/** The change that tells the index of a user as it is now. */
export function told(engine: Engine, user: User, at: Seconds, more: Partial<IndexChange> = {}): Post {
  return post(engine, { person: personEntry(user), ...more }, at)
}

/** Whether somebody is buried here: a write that comes late must not bring a removed person back. */
export function isBuried({ sql }: Engine, id: UserId): boolean {
  return sql.all('SELECT 1 FROM graves WHERE id = ?', id).length > 0
}
