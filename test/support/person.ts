import { type RoleName, type SessionKey, type Sid, seconds, type Tag, type UserId } from '../../src/core/brand.ts'
import type { Session, User } from '../../src/core/person.ts'
import type { Role } from '../../src/policy/model.ts'
import type { SessionConfig } from '../../src/ports/config.ts'

/** The tag of the user that `userOf` makes. */
export const TAG = 'abcdefghij' as Tag

/** A signed-up player, with what a test cares about in its place. */
export function userOf(facts: Partial<User> = {}): User {
  return {
    id: '7f1c7c1e-0000-4000-8000-000000000001' as UserId,
    tag: TAG,
    origin: 'sign-up',
    guest: false,
    profile: { name: 'Ada', email: null, emailVerified: false, picture: null },
    roles: ['padawan' as RoleName],
    primaryRole: null,
    standing: { kind: 'active' },
    attributes: {},
    epoch: 0,
    createdAt: seconds(0),
    lastSignInAt: seconds(0),
    endsAt: null,
    ...facts,
  }
}

/** A session of that user from 1,000 to 10,000, idle at 2,000. */
export function sessionOf(facts: Partial<Session> = {}): Session {
  return {
    key: `${TAG}.key` as SessionKey,
    sid: 'sid-1' as Sid,
    user: userOf().id,
    tag: TAG,
    provider: 'google',
    client: 'unknown',
    userAgent: '',
    address: null,
    country: null,
    createdAt: seconds(1000),
    authTime: seconds(1000),
    lastSeenAt: seconds(1000),
    idleUntil: seconds(2000),
    endsAt: seconds(10_000),
    character: null,
    version: 1,
    ...facts,
  }
}

/** A role that grants nothing and overrides nothing. */
export function roleOf(facts: Partial<Role> = {}): Role {
  return {
    name: 'padawan' as RoleName,
    displayName: 'Padawan',
    level: 1,
    system: false,
    permissions: [],
    manages: [],
    sessionSeconds: null,
    idleSeconds: null,
    maxSessions: null,
    at: { file: 'roles.yaml', line: 1, column: 1 },
    ...facts,
  }
}

/** The session settings of a deployment that says nothing. */
export function sessionConfigOf(facts: Partial<SessionConfig> = {}): SessionConfig {
  return {
    absoluteSeconds: seconds(604_800),
    idleSeconds: seconds(28_800),
    sliding: true,
    rememberSeconds: null,
    cacheSeconds: 5,
    touchSeconds: seconds(60),
    activityWindowSeconds: seconds(1800),
    excess: 'evict_oldest',
    guestSeconds: seconds(86_400),
    clientHeader: 'x-client-type',
    tellEnds: true,
    recordAddress: 'truncated',
    ...facts,
  }
}
