import {
  type Permission,
  type RoleName,
  type Seconds,
  type SessionKey,
  type Sid,
  seconds,
  type Tag,
  type UserId,
} from '../core/brand.ts'
import type { Character, Session, Standing, Subject, User } from '../core/person.ts'
import type { CallerData, CallerMap } from './language.ts'
import type { PolicyBundle, Role } from './model.ts'
import { durationOf } from './units.ts'

/** The moment at which tests, `explain` and `diff` pretend to be: no clock decides what they say. */
export const PRETEND_NOW: Seconds = seconds(1_800_000_000)
/** Id of the pretended caller, for rules that compare a parameter with it. */
export const PRETEND_ID: string = '00000000-0000-4000-8000-000000000001'

const CHARACTER: Character = { id: '1', name: 'Test', world: 'test' }
const TAG = 'aaaaaaaaaa' as Tag

function standingOf(written: CallerMap['standing']): Standing {
  if (written === 'suspended') return { kind: 'suspended', until: seconds(PRETEND_NOW + 86_400), reason: 'test' }
  return written === 'banned' ? { kind: 'banned', reason: 'test' } : { kind: 'active' }
}

function userOf(caller: CallerMap, roles: readonly string[], guest: boolean): User {
  return {
    id: (caller.id ?? PRETEND_ID) as UserId,
    tag: TAG,
    origin: guest ? 'guest' : 'sign-up',
    guest,
    profile: { name: 'Test', email: null, emailVerified: false, picture: null },
    roles: roles as readonly RoleName[],
    primaryRole: null,
    standing: standingOf(caller.standing),
    attributes: caller.attributes ?? {},
    epoch: 0,
    createdAt: seconds(0),
    lastSignInAt: PRETEND_NOW,
    endsAt: null,
  }
}

function sessionOf(caller: CallerMap, user: User): Session {
  const ago = caller.signedInAgo === undefined ? 0 : durationOf(caller.signedInAgo)
  return {
    key: `${TAG}.test` as SessionKey,
    sid: 'test' as Sid,
    user: user.id,
    tag: TAG,
    provider: caller.provider ?? 'test',
    client: 'test',
    userAgent: '',
    address: null,
    country: null,
    createdAt: seconds(PRETEND_NOW - ago),
    authTime: seconds(PRETEND_NOW - ago),
    provenAt: seconds(PRETEND_NOW - ago),
    lastSeenAt: PRETEND_NOW,
    idleUntil: seconds(PRETEND_NOW + 3_600),
    endsAt: seconds(PRETEND_NOW + 3_600),
    character: caller.character === true ? CHARACTER : null,
    version: 1,
  }
}

/** The role that stands for a bare list of permissions in a test; its name cannot be written in a policy file. */
export function pretendRole(permissions: readonly string[]): Role {
  return {
    name: `~${permissions.join('~')}` as RoleName,
    displayName: 'test',
    system: false,
    level: 0,
    permissions: permissions as readonly string[] as readonly Permission[],
    manages: [],
    sessionSeconds: null,
    idleSeconds: null,
    maxSessions: null,
    at: { file: '', line: 1, column: 1 },
  }
}

/** A short spelling in its long form: `nobody`, `role`, `role,role`, `role+character`, `role+token`. */
export function callerMap(written: CallerData): CallerMap | null {
  if (typeof written !== 'string') return written
  if (written === 'nobody' || written === 'anonymous') return null
  const [roles = '', ...with_] = written.split('+').map((part) => part.trim())
  return {
    roles: roles.split(',').map((role) => role.trim()),
    character: with_.includes('character'),
    ...(with_.includes('token') ? { token: true as const } : {}),
  }
}

/** Words after a `+` that are no part of the short spelling. */
export function unknownParts(written: string): readonly string[] {
  return written
    .split('+')
    .slice(1)
    .map((part) => part.trim())
    .filter((part) => part !== 'character' && part !== 'token')
}

/** The pretended caller as a decision sees it; null for nobody. */
export function pretend(written: CallerData, bundle: Pick<PolicyBundle, 'guestRole'>): Subject | null {
  const caller = callerMap(written)
  if (caller === null) return null
  const bare = caller.permissions === undefined ? [] : [pretendRole(caller.permissions).name]
  const roles = [...(caller.roles ?? []), ...bare]
  const guest = caller.guest ?? (bundle.guestRole !== null && roles.length === 1 && roles[0] === bundle.guestRole)
  const user = userOf(caller, roles, guest)
  if (caller.token === undefined) return { kind: 'session', user, session: sessionOf(caller, user) }
  const scopes = caller.token === true ? null : (caller.token as readonly string[] as readonly Permission[])
  return { kind: 'token', user, token: { id: 'test', name: 'test', scopes, fixed: false } }
}
