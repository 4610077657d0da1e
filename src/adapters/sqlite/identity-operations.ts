import type { RoleName, Seconds, UserId } from '../../core/brand.ts'
import type { Identity, User } from '../../core/person.ts'
import type { AuditNote } from '../../ports/audit.ts'
import type { ProvenIdentity } from '../../ports/store.ts'
import { record } from './chain.ts'
import type { Engine } from './driver.ts'
import { findUser, guestUntil } from './ends.ts'
import type { IndexChange, Post } from './index-change.ts'
import {
  addIdentity,
  changeUser,
  findIdentity,
  makePrimary,
  post,
  renewed,
  sameProfile,
  saveUser,
  told,
} from './people.ts'
import { identityOf } from './records.ts'
import { wholeOf } from './row.ts'

/** A person who signs in again. */
export type Returned =
  | { readonly kind: 'known'; readonly user: User; readonly post: Post | null }
  | { readonly kind: 'gone' }

/** Renews what a provider told, of the identity and, when it is the primary one, of the user. */
export function returnUser(
  engine: Engine,
  id: UserId,
  identity: ProvenIdentity,
  index: 'confirmed' | 'unsure',
  now: Seconds,
): Returned {
  const user = findUser(engine, id)
  const row = findIdentity(engine, identity.issuer, identity.subject)
  if (user === null || row === null || row['user'] !== id) return { kind: 'gone' }
  const known = identityOf(row)
  const { issuer, subject, provider } = identity
  const profile = renewed(known.profile, identity.profile)
  if (!sameProfile(profile, known.profile) || provider !== known.provider) {
    engine.sql.all(
      'UPDATE identities SET doc = ? WHERE issuer = ? AND subject = ?',
      JSON.stringify({ issuer, subject, provider, profile }),
      issuer,
      subject,
    )
  }
  const shown = known.primary ? renewed(user.profile, identity.profile) : user.profile
  const current = sameProfile(shown, user.profile) ? user : changeUser(engine, user, { profile: shown })
  if (current === user && index === 'confirmed') return { kind: 'known', user, post: null }
  return { kind: 'known', user: current, post: told(engine, current, now, confirmation(user, identity)) }
}

/** Whether an identity is a user's, as the user's own shard says. */
export function ownsIdentity(engine: Engine, id: UserId, issuer: string, subject: string): boolean {
  return findIdentity(engine, issuer, subject)?.['user'] === id
}

/** Identities of a user, oldest first. */
export function listIdentities({ sql }: Engine, id: UserId): readonly Identity[] {
  return sql.all('SELECT * FROM identities WHERE user = ? ORDER BY place', id).map(identityOf)
}

/** An identity that was added, with what the index has to confirm. */
export type Attached = { readonly kind: 'linked' | 'already-yours'; readonly post: Post } | { readonly kind: 'no-user' }

/** Adds an identity that the index gave to this user. */
export function linkIdentity(
  engine: Engine,
  id: UserId,
  identity: ProvenIdentity,
  rank: 'primary' | 'secondary',
  now: Seconds,
  audit: AuditNote,
): Attached {
  const user = findUser(engine, id)
  if (user === null) return { kind: 'no-user' }
  const confirm = confirmation(user, identity)
  if (ownsIdentity(engine, id, identity.issuer, identity.subject)) {
    return { kind: 'already-yours', post: post(engine, confirm, now) }
  }
  const becomes = addIdentity(engine, user, identity, rank, now)
  const changed =
    becomes === 'primary' ? changeUser(engine, user, { profile: renewed(user.profile, identity.profile) }) : user
  record(engine, audit)
  return { kind: 'linked', post: told(engine, changed, now, confirm) }
}

/** Makes a guest a full account: an identity, a role, no end; id, tag and sessions stay (seeds G6). */
export function promoteGuest(
  engine: Engine,
  id: UserId,
  identity: ProvenIdentity,
  role: RoleName,
  now: Seconds,
  audit: AuditNote,
): Attached {
  const user = findUser(engine, id)
  if (user === null) return { kind: 'no-user' }
  const confirm = confirmation(user, identity)
  const isTheirs = ownsIdentity(engine, id, identity.issuer, identity.subject)
  const until = guestUntil(user)
  if (until === null || until <= now) {
    return isTheirs ? { kind: 'already-yours', post: post(engine, confirm, now) } : { kind: 'no-user' }
  }
  if (!isTheirs) addIdentity(engine, user, identity, 'primary', now)
  const changed = changeUser(engine, user, {
    guest: false,
    endsAt: null,
    roles: [role],
    primaryRole: null,
    profile: renewed(user.profile, identity.profile),
  })
  record(engine, audit)
  return { kind: 'linked', post: told(engine, changed, now, confirm) }
}

function confirmation({ id, tag }: User, { issuer, subject }: ProvenIdentity): Partial<IndexChange> {
  return { confirm: { issuer, subject, user: { id, tag } } }
}

/** Takes an identity from a user; never the last. The oldest remaining one becomes primary when the primary goes. */
export function unlinkIdentity(
  engine: Engine,
  id: UserId,
  issuer: string,
  subject: string,
  audit: AuditNote,
): { readonly kind: 'unlinked'; readonly post: Post } | { readonly kind: 'last' | 'unknown' } {
  const user = findUser(engine, id)
  const row = findIdentity(engine, issuer, subject)
  if (user === null || row === null || row['user'] !== id) return { kind: 'unknown' }
  const [oldest] = listIdentities(engine, id).filter((one) => one.issuer !== issuer || one.subject !== subject)
  if (oldest === undefined) return { kind: 'last' }
  dropIdentity(engine, issuer, subject)
  const wasPrimary = wholeOf(row, 'is_primary') === 1
  const changed = wasPrimary ? makePrimary(engine, user, oldest.issuer, oldest.subject) : user
  record(engine, audit)
  const release = { issuer, subject, user: { id, tag: user.tag } }
  return { kind: 'unlinked', post: told(engine, changed ?? user, audit.at, { release }) }
}

/** What came of making an identity primary; nothing is posted when it was already. */
export type Primed = { readonly kind: 'primary'; readonly post: Post | null } | { readonly kind: 'unknown' }

/** Makes an identity of a user the primary one; exactly one is, at any time. */
export function primeIdentity(engine: Engine, id: UserId, issuer: string, subject: string, audit: AuditNote): Primed {
  const user = findUser(engine, id)
  const row = findIdentity(engine, issuer, subject)
  if (user === null || row === null || row['user'] !== id) return { kind: 'unknown' }
  if (wholeOf(row, 'is_primary') === 1) return { kind: 'primary', post: null }
  const changed = makePrimary(engine, user, issuer, subject) ?? user
  record(engine, audit)
  return { kind: 'primary', post: told(engine, changed, audit.at) }
}

/**
 * Undoes an identity that the index gave to somebody else meanwhile. A user who has no other and is no guest was made
 * for it by the same sign-up, which begins anew, and goes too.
 */
export function loseIdentity(engine: Engine, id: UserId, issuer: string, subject: string, now: Seconds): void {
  if (!ownsIdentity(engine, id, issuer, subject)) return
  dropIdentity(engine, issuer, subject)
  const user = findUser(engine, id)
  const [next] = listIdentities(engine, id)
  if (user === null) return
  if (next !== undefined) {
    if (!listIdentities(engine, id).some((one) => one.primary)) makePrimary(engine, user, next.issuer, next.subject)
    return
  }
  if (user.origin === 'guest') {
    saveUser(engine, { ...user, guest: true, endsAt: user.endsAt, epoch: user.epoch + 1 })
    return
  }
  engine.sql.all('DELETE FROM users WHERE id = ?', id)
  post(engine, { forget: id }, now)
}

function dropIdentity({ sql }: Engine, issuer: string, subject: string): void {
  sql.all('DELETE FROM identities WHERE issuer = ? AND subject = ?', issuer, subject)
}
