import { canonicalJson } from './bundle.ts'
import type { PolicyBundle, Role } from './model.ts'
import { grants, isAdminPermission } from './permissions.ts'

function roleOf(bundle: PolicyBundle, name: string | null): Role | null {
  return bundle.roles.find((one) => one.name === name) ?? null
}

/** Roles that who has one role alone may give and take: those it names that lie below it. */
function managedBy(bundle: PolicyBundle, role: Role | null): readonly string[] {
  return role === null ? [] : role.manages.filter((name) => (roleOf(bundle, name)?.level ?? Infinity) < role.level)
}

/** What a role has beyond another, of what existed before: what is new opens nothing that was shut. */
function gains(before: PolicyBundle, after: PolicyBundle, old: Role | null, fresh: Role): readonly string[] {
  const gained = fresh.permissions.filter((name) => !isAdminPermission(name) && before.permissions.includes(name))
  const known = new Set<string>(before.roles.map(({ name }) => name))
  const managed = managedBy(after, fresh).filter((name) => known.has(name) && !managedBy(before, old).includes(name))
  return [
    ...gained.filter((name) => old?.permissions.some((own) => grants(own, name)) !== true),
    ...(fresh.level > (old?.level ?? -Infinity) ? [`level ${old?.level ?? 'none'} -> ${fresh.level}`] : []),
    ...(managed.length === 0 ? [] : [`manages ${managed.join(' ')}`]),
  ]
}

function strong(name: string, old: Role | null, fresh: Role): readonly string[] {
  const own: readonly string[] = old?.permissions ?? []
  if (own.includes('*')) return []
  const gained: readonly string[] = fresh.permissions.filter((permission) => !own.includes(permission))
  if (gained.includes('*')) return [`wildcard ${name}`]
  return gained.filter(isAdminPermission).map((permission) => `admin ${name} ${permission}`)
}

function wider(
  before: PolicyBundle,
  after: PolicyBundle,
  name: string,
  old: Role | null,
  fresh: Role | null,
): readonly string[] {
  if (fresh === null) return []
  const named = strong(name, old, fresh)
  // WHY: a new role is nobody's yet; whoever gives it away decides about that.
  const isNew = old === null && name === fresh.name
  const rest = isNew || named.includes(`wildcard ${name}`) ? [] : gains(before, after, old, fresh)
  return [...named, ...(rest.length === 0 ? [] : [`role ${name}: ${rest.join(', ')}`])]
}

/** Roles that can do more than before, and new users or guests that start with a stronger role: one line each. */
export function roleWidenings(before: PolicyBundle, after: PolicyBundle): readonly string[] {
  return [
    ...after.roles.flatMap((role) => wider(before, after, role.name, roleOf(before, role.name), role)),
    ...(['defaultRole', 'guestRole'] as const).flatMap((key) =>
      before[key] === after[key]
        ? []
        : wider(before, after, key, roleOf(before, before[key]), roleOf(after, after[key])),
    ),
  ]
}

/** Settings and roles that read differently, also where no answer shows it. */
export function peopleChanges(before: PolicyBundle, after: PolicyBundle): readonly string[] {
  const keys = ['defaultRole', 'guestRole', 'rolesPerUser'] as const
  const settings = keys.flatMap((key) =>
    before[key] === after[key] ? [] : [`users.${key}: ${before[key] ?? 'none'} -> ${after[key] ?? 'none'}`],
  )
  const text = (bundle: PolicyBundle): ReadonlyMap<string, string> =>
    new Map(bundle.roles.map(({ at: _at, ...role }) => [role.name, canonicalJson(role)]))
  const [old, fresh] = [text(before), text(after)]
  const names = [...new Set([...old.keys(), ...fresh.keys()])]
  const roles = names.filter((name) => old.get(name) !== fresh.get(name))
  const what = (name: string): string => (old.has(name) ? (fresh.has(name) ? 'changed' : 'removed') : 'added')
  const builtIn = new Set(before.roles.filter(({ system }) => system).map(({ name }) => String(name)))
  const lost = (name: string): string =>
    builtIn.has(name) && !fresh.has(name) ? ', which is built in: a push is refused' : ''
  return [...settings, ...roles.map((name) => `role ${what(name)}: ${name}${lost(name)}`)]
}
