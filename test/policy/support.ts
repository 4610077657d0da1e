import { readFileSync } from 'node:fs'
import {
  type Permission,
  type RoleName,
  type SessionKey,
  type Sid,
  seconds,
  type Tag,
  type UserId,
} from '../../src/core/brand.ts'
import type { Session, Subject, TokenGrant, User } from '../../src/core/person.ts'
import { canonicalTarget, type Target } from '../../src/core/target.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import { decide, type Facts } from '../../src/policy/decide.ts'
import type { Decision } from '../../src/policy/decision.ts'
import type { Known } from '../../src/policy/known.ts'
import { loadPolicy, matchRule, type Policy } from '../../src/policy/policy.ts'
import { formatProblems } from '../../src/policy/print.ts'

export const NOW = seconds(1_800_000_000)
export const HOST = 'play.example.com'

export const KNOWN: Known = {
  upstreams: [{ name: 'game' }, { name: 'site' }, { name: 'folding', caseInsensitive: true }],
  providers: ['google', 'discord'],
  hosts: [HOST, 'admin.example.com'],
  attributes: {
    registration_completed: { type: 'boolean' },
    coins: { type: 'number' },
    worlds: { type: 'string', maxLength: 12 },
    characterWorlds: { type: 'string' },
  },
  prefix: '/auth',
}

export const ROLES = `
users: { defaultRole: player, guestRole: guest }
permissions: [players.view, players.edit, play_game, admin.users, admin.logs]
roles:
  guest: { level: 0, permissions: [] }
  player: { level: 1, permissions: [players.view, play_game] }
  editor: { level: 2, inherits: player, permissions: [players.edit] }
  boss: { level: 9, permissions: ['*'] }
`

export function fileText(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
}

export async function policyOf(rules: string, known: Known = KNOWN): Promise<Policy> {
  const compiled = await compilePolicy(
    [
      { name: 'policies/roles.yaml', text: ROLES },
      { name: 'policies/rules.yaml', text: rules },
    ],
    known,
  )
  if (!compiled.ok) throw new Error(formatProblems(compiled.fault))
  return loadPolicy(compiled.value, known.attributes)
}

export function user(changes: Partial<User> = {}): User {
  return {
    id: '00000000-0000-4000-8000-000000000001' as UserId,
    tag: 'abcdefghij' as Tag,
    origin: 'sign-up',
    guest: false,
    profile: { name: 'Ada', email: 'ada@example.com', emailVerified: true, picture: null },
    roles: [],
    primaryRole: null,
    standing: { kind: 'active' },
    attributes: {},
    epoch: 0,
    createdAt: seconds(NOW - 1_000_000),
    lastSignInAt: seconds(NOW - 60),
    endsAt: null,
    ...changes,
  }
}

export function session(changes: Partial<Session> = {}): Session {
  return {
    key: 'abcdefghij.hash' as SessionKey,
    sid: 'sid' as Sid,
    user: '00000000-0000-4000-8000-000000000001' as UserId,
    tag: 'abcdefghij' as Tag,
    provider: 'google',
    client: 'browser',
    userAgent: '',
    address: null,
    country: null,
    createdAt: seconds(NOW - 600),
    authTime: seconds(NOW - 600),
    provenAt: seconds(NOW - 600),
    lastSeenAt: NOW,
    idleUntil: seconds(NOW + 3_600),
    endsAt: seconds(NOW + 86_400),
    character: null,
    version: 1,
    ...changes,
  }
}

export function signedIn(roles: readonly string[], changes: Partial<User> = {}, own: Partial<Session> = {}): Subject {
  return { kind: 'session', user: user({ roles: roles as readonly RoleName[], ...changes }), session: session(own) }
}

export function token(roles: readonly string[], scopes: readonly string[] | null): Subject {
  const grant: TokenGrant = { id: 't1', name: 'bot', scopes: scopes as readonly Permission[] | null, fixed: false }
  return { kind: 'token', user: user({ roles: roles as readonly RoleName[] }), token: grant }
}

export function fixedToken(scopes: readonly string[]): Subject {
  return { kind: 'fixed-token', token: { id: 'f1', name: 'ci', scopes: scopes as readonly Permission[], fixed: true } }
}

export const CHARACTER = { id: '7', name: 'Grom', world: 'north' }

export function targetOf(path: string): Target {
  const target = canonicalTarget(path)
  if (!target.ok) throw new Error(`${path}: ${target.fault.problem}`)
  return target.value
}

export function factsOf(request: string, subject: Subject | null, changes: Partial<Facts> = {}): Facts {
  const [method = '', path = ''] = request.split(' ')
  return {
    subject,
    target: targetOf(path),
    host: HOST,
    method,
    body: undefined,
    now: NOW,
    address: '192.0.2.7',
    ...changes,
  }
}

export function ask(policy: Policy, request: string, subject: Subject | null, changes: Partial<Facts> = {}): Decision {
  const facts = factsOf(request, subject, changes)
  return decide(policy, matchRule(policy, facts), facts)
}
