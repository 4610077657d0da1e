import { canonicalJson } from './bundle.ts'
import type { Demands, Role, Rule } from './model.ts'
import { widerParams } from './param-range.ts'
import { grants } from './permissions.ts'
import { widerConduct } from './wider-conduct.ts'

/** One thing that a rule asks of a caller, as the roles that have it. */
interface Clause {
  readonly kind: 'permission' | 'role' | 'level'
  readonly names: readonly string[]
  readonly level: number
  readonly holders: ReadonlySet<string>
  readonly text: string
}

function holders(roles: readonly Role[], has: (role: Role) => boolean): ReadonlySet<string> {
  return new Set(roles.filter(has).map((role) => role.name))
}

function permissionClause(names: readonly string[], roles: readonly Role[]): Clause {
  const has = (role: Role): boolean => role.permissions.some((own) => names.some((name) => grants(own, name)))
  const text = names.length === 1 ? `without ${names[0]}` : `without one of ${names.join(' ')}`
  return { kind: 'permission', names, level: 0, holders: holders(roles, has), text }
}

function clausesOf(demands: Demands, roles: readonly Role[]): readonly Clause[] {
  const { minLevel } = demands
  const all = demands.allPermissions.map((name) => permissionClause([name], roles))
  const any = demands.anyPermission.length === 0 ? [] : [permissionClause(demands.anyPermission, roles)]
  const named: readonly string[] = demands.roles
  const role: Clause = {
    kind: 'role',
    names: named,
    level: 0,
    holders: holders(roles, ({ name }) => named.includes(name)),
    text: `without role ${named.join(' or ')}`,
  }
  const level: Clause = {
    kind: 'level',
    names: [],
    level: minLevel ?? 0,
    holders: holders(roles, (one) => one.level >= (minLevel ?? 0)),
    text: `below level ${minLevel}`,
  }
  return [...all, ...any, ...(named.length === 0 ? [] : [role]), ...(minLevel === null ? [] : [level])]
}

/** Whether whoever has the one has the other; a token has permissions without the roles that go with them. */
function implies(is: Clause, was: Clause, tokens: Demands['tokens']): boolean {
  if (![...is.holders].every((name) => was.holders.has(name))) return false
  if (tokens === 'refuse') return true
  return is.kind === was.kind && is.level >= was.level && is.names.every((name) => was.names.includes(name))
}

/** The demands that hold together: those of the rule, and those of one case of its body. */
type Asked = readonly Demands[]

function conditionsOf(asked: Asked): readonly string[] {
  return asked.flatMap(({ when }) => when ?? [])
}

function widerDemands(was: Asked, is: Asked, tokens: Demands['tokens'], roles: readonly Role[]): readonly string[] {
  const now = is.flatMap((demands) => clausesOf(demands, roles))
  const lost = was
    .flatMap((demands) => clausesOf(demands, roles))
    .filter((clause) => !now.some((one) => implies(one, clause, tokens)))
  const conditions = conditionsOf(is)
  // WHY: no sample can tell whom a condition lets through, so every other one may let more through.
  const gone = conditionsOf(was).filter((when) => !conditions.includes(when))
  const asksCharacter = (asked: Asked): boolean => asked.some(({ character }) => character)
  return [
    ...lost.map(({ text }) => text),
    ...(asksCharacter(was) && !asksCharacter(is) ? ['without a character'] : []),
    ...(gone.length === 0 ? [] : [conditions.length === 0 ? 'without its condition' : 'condition changed']),
  ]
}

/** What a rule demands where its body has this value; null where it has no case for it. */
function askedFor(rule: Rule, value: string): Asked | null {
  if (rule.body === null) return [rule.demands]
  const own = Object.hasOwn(rule.body.cases, value) ? rule.body.cases[value] : undefined
  return own === undefined ? null : [rule.demands, own]
}

function widerCases(was: Rule, is: Rule, roles: readonly Role[]): readonly string[] {
  const { tokens } = is.demands
  if (was.body !== null && was.body.field !== is.body?.field) {
    return [`every "${was.body.field}" in the body`, ...widerDemands([was.demands], [is.demands], tokens, roles)]
  }
  const { body } = is
  if (body === null) return widerDemands([was.demands], [is.demands], tokens, roles)
  return Object.keys(body.cases).flatMap((value) => {
    const [old, fresh] = [askedFor(was, value), askedFor(is, value)]
    if (old === null || fresh === null) return [`${body.field} "${value}" in the body`]
    return widerDemands(old, fresh, tokens, roles)
  })
}

const GUESTS: readonly Demands['guest'][] = ['refuse', 'allow', 'auto']

function widerAccount(was: Rule, is: Rule): readonly string[] {
  const [old, fresh] = [was.demands, is.demands]
  const age = fresh.freshWithin
  const older = old.freshWithin !== null && (age === null || age > old.freshWithin)
  const guests = GUESTS.indexOf(fresh.guest) > GUESTS.indexOf(old.guest)
  const tokens = fresh.tokens === 'allow' && age === null && (old.tokens === 'refuse' || old.freshWithin !== null)
  const onboarding = was.onboarding !== null && was.onboarding.attribute !== is.onboarding?.attribute
  return [
    ...(older ? [`signed in ${age === null ? 'at any time' : `${age} s ago, not ${old.freshWithin}`}`] : []),
    ...(guests ? [fresh.guest === 'auto' ? 'guests, made on the way' : 'guests'] : []),
    ...(tokens ? ['API tokens'] : []),
    ...(onboarding ? [`without ${was.onboarding?.attribute}`] : []),
  ]
}

/** A condition reads parameters where they stand and as their types say, so that the same words can mean something else. */
function widerReading(was: Rule, is: Rule): readonly string[] {
  const demands = [is.demands, ...Object.values(is.body?.cases ?? {})]
  if (!demands.some(({ when }) => when?.includes('params'))) return []
  const read = ({ params, segments }: Rule): string =>
    canonicalJson([
      params.map(({ name, type, in: place }) => [name, type, place]),
      segments.flatMap((segment, index) => (segment.kind === 'param' ? [[segment.name, index]] : [])),
    ])
  return read(was) === read(is) ? [] : ['condition reads other parameters']
}

function passesNobody(rule: Rule): boolean {
  return rule.access === 'public' || rule.access === 'optional'
}

function widerForms(was: Rule, is: Rule): readonly string[] {
  const forms = is.allowForms.filter((form) => !was.allowForms.includes(form)).map((form) => `"${form}" in the path`)
  return [...widerParams(was, is), ...forms]
}

/**
 * Whether the new rule lets everybody through, or whoever is not signed in, where the old one did not, or may.
 *
 * @param was - null where no rule answered before
 */
export function isMorePublic(was: Rule | null, is: Rule): boolean {
  if (!passesNobody(is)) return false
  if (was === null || !passesNobody(was)) return true
  // WHY: an optional rule refuses whoever is signed in without what it asks for; a public one refuses nobody.
  return (was.access === 'optional' && is.access === 'public') || widerForms(was, is).length > 0
}

/**
 * Whom the new rule lets through, or may, where the old one refused: short phrases, none where surely nobody.
 *
 * INVARIANT: may overstate, never understates: what is not surely as narrow as before counts as wider.
 *
 * @param roles - those of the new policy; what roles gained is told of them
 */
export function widerFor(was: Rule, is: Rule, roles: readonly Role[]): readonly string[] {
  if (is.access === 'deny') return []
  if (was.access === 'deny') return is.access === 'public' ? [] : ['was denied']
  const everybody = was.access === 'public' || is.access === 'public'
  const callers = everybody ? [] : [...widerCases(was, is, roles), ...widerReading(was, is), ...widerAccount(was, is)]
  const requests = is.access === 'public' ? [] : widerForms(was, is)
  return [...new Set([...callers, ...requests, ...widerConduct(was, is)])]
}
