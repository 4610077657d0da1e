import assert from 'node:assert/strict'
import {
  type RoleName,
  type Seconds,
  type SessionKey,
  type Sid,
  seconds,
  type Tag,
  type UserId,
} from '../../src/core/brand.ts'
import type { Character, Session, User, UserRef } from '../../src/core/person.ts'
import type { AuditEvent, AuditNote } from '../../src/ports/audit.ts'
import type { Found, ProvenIdentity, Store } from '../../src/ports/store.ts'

/** The moment most tests begin at. */
export const T0: Seconds = seconds(1_800_000_000)

/** `T0` and so many seconds; negative for before. */
export function at(offset: number): Seconds {
  return seconds(T0 + offset)
}

/** What was read, without how old what judged it may be, which differs by store. */
export function ageless(found: Found): Found {
  if (found.kind !== 'live') return found
  const { ageSeconds, ...rest } = found
  assert.ok(ageSeconds === undefined || (Number.isInteger(ageSeconds) && ageSeconds > 0))
  return rest
}

/** Roles by name. */
export function roles(...names: readonly string[]): readonly RoleName[] {
  return names as readonly string[] as readonly RoleName[]
}

/** A reference to the n-th test user: tags differ, so users of one test live in different shards. */
export function refOf(n: number): UserRef {
  const id = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}` as UserId
  return { id, tag: `tag${String(n).padStart(7, '0')}` as Tag }
}

/** The n-th test user. */
export function userOf(n: number, changes: Partial<User> = {}): User {
  return {
    ...refOf(n),
    origin: 'sign-up',
    guest: false,
    profile: { name: `Player ${n}`, email: `p${n}@example.com`, emailVerified: true, picture: null },
    roles: roles('player'),
    primaryRole: null,
    standing: { kind: 'active' },
    attributes: {},
    epoch: 1,
    createdAt: T0,
    lastSignInAt: T0,
    endsAt: null,
    ...changes,
  }
}

/** A guest that ends 24 hours after `T0`. */
export function guestOf(n: number, changes: Partial<User> = {}): User {
  return userOf(n, {
    origin: 'guest',
    guest: true,
    profile: { name: `guest_${n}`, email: null, emailVerified: false, picture: null },
    roles: roles('guest'),
    endsAt: at(86_400),
    ...changes,
  })
}

/** The identity with which the n-th test user signs in. */
export function identityOf(n: number, changes: Partial<ProvenIdentity> = {}): ProvenIdentity {
  return {
    issuer: 'https://issuer.example',
    subject: `subject-${n}`,
    provider: 'example',
    profile: { name: `Player ${n}`, email: `p${n}@example.com`, emailVerified: true, picture: null },
    ...changes,
  }
}

/** Store key of a session of a user; `name` stands for the hash of its secret. */
export function keyOf(user: UserRef, name: string): SessionKey {
  return `${user.tag}.${name}` as SessionKey
}

/** A session of a user: idle after 480 minutes, over after 7 days, no character. */
export function sessionOf(user: UserRef, name: string, changes: Partial<Session> = {}): Session {
  const createdAt = changes.createdAt ?? T0
  return {
    key: keyOf(user, name),
    sid: `sid-${user.tag}-${name}` as Sid,
    user: user.id,
    tag: user.tag,
    provider: 'example',
    client: 'browser',
    userAgent: 'Mozilla/5.0',
    address: '192.0.2.7',
    country: 'DE',
    createdAt,
    authTime: createdAt,
    lastSeenAt: createdAt,
    idleUntil: seconds(createdAt + 28_800),
    endsAt: seconds(createdAt + 604_800),
    character: null,
    version: 1,
    ...changes,
  }
}

/** A character in a world. */
export function characterOf(id: string, world: string): Character {
  return { id, name: `Hero ${id}`, world }
}

/** What goes into the audit trail with a change. */
export function note(event: AuditEvent, user: UserRef | null, when: Seconds = T0): AuditNote {
  return {
    event,
    at: when,
    actor: user?.id ?? 'system',
    subject: user?.id ?? null,
    requestId: 'req-1',
    policy: 'policy-1',
    detail: {},
  }
}

/** Signs the n-th user up: the user and the identity exist afterwards. */
export async function signUp(store: Store, n: number, changes: Partial<User> = {}): Promise<User> {
  const user = userOf(n, changes)
  const answer = await store.directory.signIn(identityOf(n), user, user.createdAt, note('sign-up', user))
  if (answer.kind !== 'created') throw new Error(`expected a new user, got ${answer.kind}`)
  return answer.user
}

/** Signs the n-th user up and stores one session. */
export async function signedIn(
  store: Store,
  n: number,
  name = 'a',
  changes: Partial<Session> = {},
): Promise<{ readonly user: User; readonly session: Session }> {
  const user = await signUp(store, n)
  const session = sessionOf(user, name, changes)
  const created = await store.sessions.create(session, null, note('sign-in', user))
  if (created.kind !== 'created') throw new Error(`expected a session, got ${created.kind}`)
  return { user, session }
}

/** Removes every guest account that is over, one after another as the product does; answers who (seeds G2, G3). */
export async function purgeGuests({ directory }: Pick<Store, 'directory'>, now: Seconds): Promise<readonly UserId[]> {
  const purged: UserId[] = []
  for (const guest of await directory.overdueGuests(now, 1_000))
    if (await directory.purgeGuest(guest, now, note('user-removed', null, now))) purged.push(guest.id)
  return purged
}
