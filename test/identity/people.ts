import {
  type Permission,
  type RoleName,
  type Seconds,
  type SessionKey,
  type Sid,
  seconds,
  type Tag,
  type UserId,
} from '../../src/core/brand.ts'
import type { Profile, Session, Subject, User } from '../../src/core/person.ts'
import type { Statement } from '../../src/identity/claims.ts'
import type { Receiver } from '../../src/identity/receiver.ts'

export const T: Seconds = seconds(1_800_000_000)
export const ISSUER = 'https://play.example.com/auth'

export const PROFILE: Profile = {
  name: 'Zoë Müller',
  email: 'zoe@example.com',
  emailVerified: true,
  picture: 'https://img.example.com/z.png',
}

export function role(name: string): RoleName {
  return name as RoleName
}

export function permission(name: string): Permission {
  return name as Permission
}

export function user(over: Partial<User> = {}): User {
  return {
    id: '7b1f2f5e-58b1-4e43-9d6a-2f1a5f0e9a11' as UserId,
    tag: 'abcdefghij' as Tag,
    origin: 'sign-up',
    guest: false,
    profile: PROFILE,
    roles: [role('player'), role('game_master')],
    primaryRole: role('game_master'),
    standing: { kind: 'active' },
    attributes: {},
    epoch: 3,
    createdAt: seconds(T - 1000),
    lastSignInAt: seconds(T - 100),
    endsAt: null,
    ...over,
  }
}

export function session(over: Partial<Session> = {}): Session {
  return {
    key: 'abcdefghij.k' as SessionKey,
    sid: 'Sid0123456789abcdefghi' as Sid,
    user: '7b1f2f5e-58b1-4e43-9d6a-2f1a5f0e9a11' as UserId,
    tag: 'abcdefghij' as Tag,
    provider: 'discord',
    client: 'web',
    userAgent: 'test',
    address: null,
    country: null,
    createdAt: seconds(T - 100),
    authTime: seconds(T - 100),
    lastSeenAt: T,
    idleUntil: seconds(T + 3600),
    endsAt: seconds(T + 7200),
    character: { id: 'c-42', name: 'Żółw', world: 'midgard' },
    version: 1,
    ...over,
  }
}

export function signedIn(userOver: Partial<User> = {}, sessionOver: Partial<Session> = {}): Subject {
  return { kind: 'session', user: user(userOver), session: session(sessionOver) }
}

export function statement(over: Partial<Statement> = {}): Statement {
  return {
    subject: signedIn(),
    roles: [role('player'), role('game_master')],
    primaryRole: role('game_master'),
    permissions: [permission('games.view'), permission('games.edit')],
    ...over,
  }
}

export function receiver(over: Partial<Receiver> = {}): Receiver {
  return {
    name: 'rooms',
    audience: 'rooms',
    assertionHeader: 'Postern-Assertion',
    assertionSeconds: seconds(60),
    dialects: ['postern'],
    claims: null,
    sign: 'none',
    ...over,
  }
}
