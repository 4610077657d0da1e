import { expect, test } from 'vitest'
import type { Permission, RoleName } from '../../src/core/brand.ts'
import { seconds } from '../../src/core/brand.ts'
import type { Session, Standing, Subject } from '../../src/core/person.ts'
import type { Decision } from '../../src/policy/decision.ts'
import { dice } from './reference.ts'
import { ask, CHARACTER, NOW, policyOf, session, user } from './support.ts'

/** What a rule of one path asks for, as its author writes it. */
interface Written {
  readonly access: 'public' | 'optional' | 'session' | 'deny'
  readonly denyStatus?: 403 | 404 | 410
  readonly denyText?: string
  readonly permission?: string
  readonly role?: string
  readonly minLevel?: number
  readonly when?: string
  readonly character?: 'selected'
  readonly freshWithin?: '5m'
  readonly guest?: 'refuse' | 'allow' | 'auto'
  readonly tokens?: 'refuse' | 'allow'
  readonly onboarding?: { readonly attribute: string; readonly page: string }
  readonly params?: { readonly id: { readonly type: 'text'; readonly equals?: 'user.id' } }
  readonly body?: { readonly field: string; readonly cases: Readonly<Record<string, { readonly permission: string }>> }
}

const LEVELS: Readonly<Record<string, number>> = { guest: 0, player: 1, editor: 2, boss: 9 }
const GRANTS: Readonly<Record<string, readonly string[]>> = {
  player: ['players.view', 'play_game'],
  editor: ['players.view', 'play_game', 'players.edit'],
  boss: ['players.view', 'play_game', 'players.edit', 'admin.users', 'admin.logs'],
}
const OWN = '00000000-0000-4000-8000-000000000001'

interface Case {
  readonly rule: Written
  readonly who: Subject | null
  readonly segment: string
  readonly body: string | undefined
}

/** What the caller may be refused for, in the order of docs/policies.md; of several demands the first that fails is told. */
function refusals({ rule, who, segment, body }: Case): readonly (readonly [boolean, string])[] {
  const person = who === null || who.kind === 'fixed-token' ? null : who.user
  const scopes = who === null || who.kind === 'session' ? null : (who.token.scopes as readonly string[] | null)
  const isToken = who !== null && who.kind !== 'session'
  const roles: readonly string[] = person?.roles ?? []
  const may = (name: string) =>
    (who?.kind === 'fixed-token' || roles.some((role) => GRANTS[role]?.includes(name))) &&
    (scopes === null || scopes.includes(name))
  const level = Math.max(-1, ...roles.map((role) => LEVELS[role] ?? -1))
  const guestRule = rule.guest ?? (rule.access === 'optional' ? 'allow' : 'refuse')
  const asksRank = rule.role !== undefined || rule.minLevel !== undefined
  const proven = who?.kind === 'session' ? who.session.provenAt : undefined
  const isStale = rule.freshWithin !== undefined && (proven === undefined || NOW - proven > 300)
  const outOfReach = person?.guest === true && guestRule === 'refuse'
  const standing = person?.standing ?? { kind: 'active' }
  const conditionHolds = (scopes === null ? level : -1) >= 2
  const wanted = body === undefined ? undefined : rule.body?.cases[body]
  return [
    [rule.access === 'deny', { 403: 'rule-denies', 404: 'not-found', 410: 'gone' }[rule.denyStatus ?? 403]],
    [segment.includes(';'), 'bad-form'],
    [segment === 'null' || segment === '%20', 'bad-parameter'],
    [rule.access === 'public' || (rule.access === 'optional' && who === null), 'allow'],
    [who === null, guestRule === 'auto' ? 'guest-required' : 'needs-session'],
    [!isToken && isStale && !outOfReach, 'needs-fresh'],
    [isToken && (rule.tokens !== 'allow' || rule.freshWithin !== undefined), 'token-refused'],
    [standing.kind === 'banned' || (standing.kind === 'suspended' && standing.until > NOW), 'suspended'],
    [outOfReach, 'guest-refused'],
    [
      rule.onboarding !== undefined && person !== null && person.attributes['registration_completed'] !== true,
      'onboarding',
    ],
    [rule.body !== undefined && wanted === undefined, 'bad-body'],
    [rule.permission !== undefined && !may(rule.permission), 'permission'],
    [asksRank && (who?.kind === 'fixed-token' || (scopes !== null && rule.permission === undefined)), 'token-refused'],
    [rule.role !== undefined && !roles.includes(rule.role), 'role'],
    [rule.minLevel !== undefined && level < rule.minLevel, 'level'],
    [rule.when !== undefined && !conditionHolds, 'condition'],
    [rule.params?.id.equals !== undefined && person?.id !== segment, 'not-own'],
    [wanted !== undefined && !may(wanted.permission), 'permission'],
    [rule.character !== undefined && (who?.kind !== 'session' || who.session.character === null), 'needs-character'],
  ]
}

function told(decision: Decision): string {
  return decision.kind === 'forbid' ? decision.reason : decision.kind
}

type Roll = (below: number) => number

function pick<T>(roll: Roll, ...from: readonly T[]): T {
  return from[roll(from.length)] as T
}

function randomRule(roll: Roll): Written {
  const access = pick(roll, 'session', 'session', 'session', 'session', 'optional', 'public', 'deny' as const)
  const params = { id: { type: 'text' as const } }
  if (access === 'public') return { access, params }
  if (access === 'deny') {
    const denyStatus = pick(roll, 403, 404, 410 as const)
    return denyStatus === 410 ? { access, denyStatus, denyText: 'Over.' } : { access, denyStatus }
  }
  const one = <T extends object>(part: T): T | object => (roll(4) === 0 ? part : {})
  const cases = { ban: { permission: 'players.edit' }, look: { permission: 'players.view' } }
  const wide = { access, params, ...one({ params: { id: { type: 'text', equals: 'user.id' } } }) }
  const who = { ...one({ permission: pick(roll, 'play_game', 'players.edit') }), ...one({ role: 'editor' }) }
  const rank = { ...one({ minLevel: pick(roll, 0, 2) }), ...one({ when: 'user.level >= 2' }) }
  const state = { ...one({ freshWithin: '5m' }), ...one({ body: { field: 'action', cases } }) }
  const guests = { ...one({ guest: pick(roll, 'refuse', 'allow', 'auto') }), ...one({ tokens: 'refuse' }) }
  const first = { ...one({ onboarding: { attribute: 'registration_completed', page: '/welcome' } }) }
  // WHY: a token has no character and is never freshly signed in: check refuses a rule that takes one all the same.
  const last = 'freshWithin' in state || roll(2) === 0 ? one({ character: 'selected' }) : { tokens: 'allow' }
  return { ...wide, ...who, ...rank, ...state, ...guests, ...first, ...last } as Written
}

function randomCaller(roll: Roll): Subject | null {
  const kind = pick(roll, 'session', 'session', 'session', 'token', 'fixed-token', 'nobody')
  const scopes = pick(
    roll,
    ['play_game'],
    ['players.edit', 'players.view'],
  ) as readonly string[] as readonly Permission[]
  if (kind === 'nobody') return null
  if (kind === 'fixed-token') return { kind, token: { id: 'f', name: 'ci', scopes, fixed: true } }
  const fit: Standing = { kind: 'active' }
  const until = (at: number): Standing => ({ kind: 'suspended', until: seconds(at), reason: '' })
  const roles = pick<readonly string[]>(
    roll,
    [],
    ['wizard'],
    ['guest'],
    ['player'],
    ['editor'],
    ['boss'],
    ['player', 'boss'],
  )
  const person = user({
    roles: roles as readonly RoleName[],
    guest: roll(5) === 0,
    standing: pick(roll, fit, fit, fit, fit, until(NOW), until(NOW + 1), { kind: 'banned', reason: '' }),
    attributes: pick(roll, {}, { registration_completed: true }, { registration_completed: false }),
  })
  if (kind === 'token')
    return { kind, user: person, token: { id: 't', name: 'bot', scopes: pick(roll, null, scopes), fixed: false } }
  const { provenAt: _never, ...unproven } = session({ character: pick(roll, null, CHARACTER) })
  const at = pick(roll, null, 0, 300, 301)
  const own: Session = at === null ? unproven : { ...unproven, provenAt: seconds(NOW - at) }
  return { kind: 'session', user: person, session: own }
}

test('decide() refuses in the order that the documentation gives, for random rules and callers', async () => {
  const roll = dice(20_261_130)
  const rules = Array.from({ length: 300 }, () => randomRule(roll))
  const written = rules.map((rule, at) => ({ path: `/${at}/:id`, methods: ['POST'], ...rule }))
  const policy = await policyOf(JSON.stringify({ upstream: 'game', rules: written }))
  const seen = new Map<string, number>()
  const wrong: unknown[] = []
  for (let count = 0; count < 30_000; count++) {
    const at = roll(rules.length)
    const body = pick(roll, 'ban', 'look', 'other', undefined)
    const segment = pick(roll, OWN, OWN, 'other', 'a;b', 'null', '%20')
    const one: Case = { rule: rules[at] as Written, who: randomCaller(roll), segment, body }
    const expected = refusals(one).find(([applies]) => applies)?.[1] ?? 'allow'
    const said = told(ask(policy, `POST /${at}/${segment}`, one.who, { body }))
    if (said !== expected) wrong.push({ ...one, said, expected })
    seen.set(expected, (seen.get(expected) ?? 0) + 1)
  }
  expect(wrong).toEqual([])
  // WHY: an order that some refusal never takes part in would prove nothing about it.
  expect(seen.size).toBe(20)
  expect(Math.min(...seen.values())).toBeGreaterThan(20)
})
