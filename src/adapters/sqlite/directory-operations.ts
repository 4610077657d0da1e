import type { RoleName, Seconds, UserId } from '../../core/brand.ts'
import type { Attributes, Standing, User } from '../../core/person.ts'
import type { AuditNote } from '../../ports/audit.ts'
import type { HeldRoles, ProvenIdentity } from '../../ports/store.ts'
import { record } from './chain.ts'
import type { Engine } from './driver.ts'
import { findUser, guestUntil } from './ends.ts'
import { blockedUntil, type Post } from './index-change.ts'
import { addIdentity, changeUser, findIdentity, isBuried, post, saveUser, told } from './people.ts'
import { userOf } from './records.ts'

/** A new user with the first identity, or none for a guest. */
export type Made =
  | { readonly kind: 'created'; readonly user: User; readonly post: Post }
  | { readonly kind: 'exists'; readonly user: User }
  | { readonly kind: 'gone' }

/** Makes a user; `exists` when this very sign-up was finished before, `gone` when the id or the identity was taken away since. */
export function makeUser(
  engine: Engine,
  user: User,
  identity: ProvenIdentity | null,
  now: Seconds,
  audit: AuditNote,
): Made {
  if (isBuried(engine, user.id)) return { kind: 'gone' }
  const known = findUser(engine, user.id)
  if (known !== null) {
    if (identity === null) return { kind: 'exists', user: known }
    const row = findIdentity(engine, identity.issuer, identity.subject)
    return row === null || row['user'] !== user.id ? { kind: 'gone' } : { kind: 'exists', user: known }
  }
  saveUser(engine, user)
  if (identity !== null) addIdentity(engine, user, identity, 'primary', now)
  record(engine, { ...audit, subject: user.id, actor: audit.subject === audit.actor ? user.id : audit.actor })
  const confirm = identity === null ? null : { issuer: identity.issuer, subject: identity.subject, user: refOf(user) }
  return { kind: 'created', user, post: told(engine, user, now, { confirm }) }
}

function refOf({ id, tag }: User) {
  return { id, tag }
}

/** The user of an id. */
export function readUser(engine: Engine, id: UserId): User | null {
  return findUser(engine, id)
}

/** Those of some users that are here. */
export function readUsers({ sql }: Engine, ids: readonly UserId[]): readonly User[] {
  return sql.all('SELECT * FROM users WHERE id IN (SELECT value FROM json_each(?))', JSON.stringify(ids)).map(userOf)
}

/** A change of what makes an admin; `needs-claim` when it takes away an admin and the index was not asked yet. */
export type Changed =
  | { readonly kind: 'changed'; readonly user: User; readonly post: Post }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'no-user' }
  | { readonly kind: 'needs-claim' }

function isAdmin(user: User, admins: readonly RoleName[], now: Seconds): boolean {
  return blockedUntil(user.standing) <= now && user.roles.some((role) => admins.includes(role))
}

function guarded(
  engine: Engine,
  user: User,
  changes: Partial<User>,
  admins: readonly RoleName[],
  claim: number | null,
  audit: AuditNote,
): Changed {
  const isLoss = isAdmin(user, admins, audit.at) && !isAdmin({ ...user, ...changes }, admins, audit.at)
  if (isLoss && claim === null) return { kind: 'needs-claim' }
  const changed = changeUser(engine, user, changes)
  record(engine, audit)
  return { kind: 'changed', user: changed, post: told(engine, changed, audit.at, { demotion: claim }) }
}

function holds({ roles, primaryRole }: User, held: HeldRoles): boolean {
  const isEach = roles.every((role) => held.roles.includes(role)) && held.roles.every((role) => roles.includes(role))
  return isEach && primaryRole === held.primaryRole
}

/** Replaces the roles of a user; `stale` where they are not those of `held`. A primary role that is not among them is none. */
export function setRoles(
  engine: Engine,
  id: UserId,
  roles: readonly RoleName[],
  primary: RoleName | null,
  admins: readonly RoleName[],
  claim: number | null,
  audit: AuditNote,
  held: HeldRoles | null = null,
): Changed | { readonly kind: 'stale' } {
  const user = findUser(engine, id)
  if (user === null) return { kind: 'no-user' }
  if (held !== null && !holds(user, held)) return { kind: 'stale' }
  const wanted = [...new Set(roles)]
  const primaryRole = primary !== null && wanted.includes(primary) ? primary : null
  if (holds(user, { roles: wanted, primaryRole })) return { kind: 'unchanged' }
  return guarded(engine, user, { roles: wanted, primaryRole }, admins, claim, audit)
}

/** Changes whether an account may be used. */
export function setStanding(
  engine: Engine,
  id: UserId,
  standing: Standing,
  admins: readonly RoleName[],
  claim: number | null,
  audit: AuditNote,
): Changed {
  const user = findUser(engine, id)
  if (user === null) return { kind: 'no-user' }
  const before = 'reason' in user.standing ? user.standing.reason : ''
  const after = 'reason' in standing ? standing.reason : ''
  const isSame =
    user.standing.kind === standing.kind && blockedUntil(user.standing) === blockedUntil(standing) && before === after
  if (isSame) return { kind: 'unchanged' }
  return guarded(engine, user, { standing }, admins, claim, audit)
}

/** Merges attributes; null removes one. Gives all of them, or null when there is no such user. */
export function setAttributes(
  engine: Engine,
  id: UserId,
  changes: Readonly<Record<string, string | number | boolean | null>>,
  audit: AuditNote,
): Attributes | null {
  const user = findUser(engine, id)
  if (user === null) return null
  const merged = new Map<string, string | number | boolean>(Object.entries(user.attributes))
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) merged.delete(name)
    else merged.set(name, value)
  }
  const attributes: Attributes = Object.fromEntries(merged)
  if (sameAttributes(user.attributes, attributes)) return attributes
  changeUser(engine, user, { attributes })
  record(engine, audit)
  return attributes
}

function sameAttributes(a: Attributes, b: Attributes): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}

/** Removes a person with sessions, tokens, identities and counters; what is left is the opaque id in the audit trail. */
export function removeUser(
  engine: Engine,
  id: UserId,
  admins: readonly RoleName[],
  claim: number | null,
  now: Seconds,
  audit: AuditNote,
): { readonly kind: 'removed'; readonly post: Post } | { readonly kind: 'no-user' | 'needs-claim' } {
  const user = findUser(engine, id)
  if (user === null) return { kind: 'no-user' }
  if (claim === null && isAdmin(user, admins, now)) return { kind: 'needs-claim' }
  record(engine, audit)
  bury(engine, user, now)
  return { kind: 'removed', post: post(engine, { forget: id, demotion: claim }, now) }
}

/** Removes a guest account that is over; `stays` when the person was promoted meanwhile. */
export function purgeGuest(
  engine: Engine,
  id: UserId,
  now: Seconds,
  audit: AuditNote,
): { readonly kind: 'removed' | 'stays' | 'no-user'; readonly post: Post } {
  const user = findUser(engine, id)
  if (user === null) return { kind: 'no-user', post: post(engine, { forget: id }, now) }
  const until = guestUntil(user)
  if (until === null || until > now) return { kind: 'stays', post: told(engine, user, now) }
  record(engine, { ...audit, subject: id })
  bury(engine, user, now)
  return { kind: 'removed', post: post(engine, { forget: id }, now) }
}

function bury(engine: Engine, user: User, now: Seconds): void {
  const { sql } = engine
  sql.all('DELETE FROM reservations WHERE user = ?', user.id)
  sql.all('DELETE FROM quotas WHERE user = ?', user.id)
  // The references of sessions, tokens and identities cascade.
  sql.all('DELETE FROM users WHERE id = ?', user.id)
  sql.all('INSERT OR REPLACE INTO graves (id, at) VALUES (?, ?)', user.id, now)
}
