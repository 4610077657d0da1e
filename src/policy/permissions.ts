import type { Permission, RoleName } from '../core/brand.ts'
import type { Subject, User } from '../core/person.ts'
import type { Role } from './model.ts'

/** What a combination of roles may do, worked out once per combination. */
export interface Effective {
  /** True with the permission `*`: every question about a permission is yes, also about ones no role lists (seeds A3). */
  readonly all: boolean
  readonly set: ReadonlySet<Permission>
  /** The same as `set`, sorted; `['*']` when `all`. */
  readonly list: readonly Permission[]
  /** The highest level; null without any known role: then even `minLevel: 0` fails (seeds A4). */
  readonly level: number | null
}

/** What these helpers need of a loaded policy. */
export interface RoleBook {
  readonly roles: ReadonlyMap<string, Role>
  readonly combinations: Map<string, Effective>
}

const STAR = '*' as Permission
const MAX_COMBINATIONS = 1_024

function combine(book: RoleBook, names: readonly string[]): Effective {
  const set = new Set<Permission>()
  let level: number | null = null
  for (const name of names) {
    const role = book.roles.get(name)
    if (role === undefined) continue
    for (const permission of role.permissions) set.add(permission)
    if (level === null || role.level > level) level = role.level
  }
  const all = set.has(STAR)
  return { all, set, list: all ? [STAR] : [...set].sort(), level }
}

const NOTHING: Effective = { all: false, set: new Set(), list: [], level: null }

function keyOf(book: RoleBook, roles: readonly string[]): string | null {
  const [only] = roles
  if (only === undefined) return null
  // ATTACK: a stored role named like a joined key must not be read as that combination.
  if (roles.length === 1) return book.roles.has(only) ? only : null
  return JSON.stringify(roles)
}

/**
 * The roles of somebody that the policy knows, in their order.
 *
 * WHY: a stored role it does not know is nothing, and must not look like something to an upstream.
 */
export function knownRoles(book: RoleBook, roles: readonly RoleName[]): readonly RoleName[] {
  return roles.filter((role) => book.roles.has(role))
}

/** The effective permissions and level of a combination of roles; unknown roles grant nothing and never fail. */
export function effective(book: RoleBook, roles: readonly string[]): Effective {
  const key = keyOf(book, roles)
  if (key === null) return NOTHING
  const known = book.combinations.get(key)
  if (known !== undefined) return known
  if (book.combinations.size >= MAX_COMBINATIONS) book.combinations.clear()
  const made = combine(book, roles)
  book.combinations.set(key, made)
  return made
}

/** Every permission these roles grant together, sorted; `['*']` stands for all (seeds A9). */
export function permissionsOf(book: RoleBook, roles: readonly string[]): readonly Permission[] {
  return effective(book, roles).list
}

/** The highest level of these roles; null when the policy knows none of them. */
export function levelOf(book: RoleBook, roles: readonly string[]): number | null {
  return effective(book, roles).level
}

/** The chosen primary role while the user still has it, else the one with the highest level; null without a known role. */
export function primaryRole(book: RoleBook, user: Pick<User, 'roles' | 'primaryRole'>): RoleName | null {
  if (user.primaryRole !== null && user.roles.includes(user.primaryRole) && book.roles.has(user.primaryRole)) {
    return user.primaryRole
  }
  let best: Role | null = null
  for (const name of user.roles) {
    const role = book.roles.get(name)
    if (role !== undefined && (best === null || role.level > best.level)) best = role
  }
  return best?.name ?? null
}

/** What a permission may be called: `players.view`, `play_game`, `admin:users:read`. */
export const PERMISSION_NAME: RegExp = /^[a-z][a-z0-9_-]*(?:[.:][a-z][a-z0-9_-]*)*$/

/** The wildcards that cover some of these permissions, such as `players.*`; `*` alone is not among them. */
export function wildcardsOf(permissions: Iterable<string>): readonly string[] {
  return [...new Set([...permissions].map((one) => one.replace(/[^.:]+$/, '*')))].filter((one) => one !== '*')
}

/** True when a scope or wildcard grants a permission: equal, `*`, or `area.*` / `area:*` above it. */
export function grants(pattern: string, permission: string): boolean {
  if (pattern === permission || pattern === '*') return true
  return pattern.length > 2 && (pattern.endsWith('.*') || pattern.endsWith(':*'))
    ? permission.startsWith(pattern.slice(0, -1))
    : false
}

/** Whether a caller holds a permission: roles for sessions, owner and scopes for API tokens, only its own for fixed tokens. */
export function hasPermission(book: RoleBook, subject: Subject | null, permission: string): boolean {
  if (subject === null) return false
  if (subject.kind === 'fixed-token') return scoped(subject.token.scopes ?? [], permission)
  const own = effective(book, subject.user.roles)
  if (!own.all && !own.set.has(permission as Permission)) return false
  return subject.kind === 'session' || subject.token.scopes === null || scoped(subject.token.scopes, permission)
}

function scoped(scopes: readonly string[], permission: string): boolean {
  return scopes.some((scope) => grants(scope, permission))
}

/** True when the caller holds at least one; an empty list is false (seeds A11). */
export function hasAny(book: RoleBook, subject: Subject | null, permissions: readonly string[]): boolean {
  return permissions.some((permission) => hasPermission(book, subject, permission))
}

/** True when the caller holds every one; an empty list is false: vacuous truth must not open anything (seeds A11). */
export function hasAll(book: RoleBook, subject: Subject | null, permissions: readonly string[]): boolean {
  return permissions.length > 0 && permissions.every((permission) => hasPermission(book, subject, permission))
}

/** Whether one of the roles is an administrator's: it holds `*` or any permission of the area `admin` (seeds A24). */
export function isAdmin(book: RoleBook, roles: readonly string[]): boolean {
  return effective(book, roles).list.some((permission) => isAdminPermission(permission))
}

/** Whether a permission makes its holder an administrator. */
export function isAdminPermission(permission: string): boolean {
  return permission === '*' || permission.startsWith('admin.') || permission.startsWith('admin:')
}

/**
 * Whether somebody with these roles may give or take a role: one of them names it in `manages`, and it lies strictly below
 * the highest of them (seeds A14). A role the policy does not know may be taken by anybody who manages something.
 */
export function managesRole(book: RoleBook, roles: readonly string[], role: string): boolean {
  const own = roles.flatMap((name) => book.roles.get(name) ?? [])
  const target = book.roles.get(role)
  if (target === undefined) return own.some((one) => one.manages.length > 0)
  const level = effective(book, roles).level
  return level !== null && target.level < level && own.some((one) => one.manages.some((name) => name === role))
}

/** Whether somebody with these roles may act on a user with those: every role of the target is one they manage (seeds A14). */
export function managesUser(book: RoleBook, roles: readonly string[], target: readonly string[]): boolean {
  if (target.length > 0) return target.every((role) => managesRole(book, roles, role))
  return roles.some((name) => (book.roles.get(name)?.manages.length ?? 0) > 0)
}

/** What a caller may do, as a sorted list; scopes of a token are applied. */
export function callerPermissions(book: RoleBook, subject: Subject | null): readonly Permission[] {
  if (subject === null) return []
  if (subject.kind === 'fixed-token') return subject.token.scopes ?? []
  const own = effective(book, subject.user.roles)
  if (subject.kind === 'session' || subject.token.scopes === null) return own.list
  const scopes = subject.token.scopes
  if (own.all) return [...scopes].sort()
  return own.list.filter((permission) => scoped(scopes, permission))
}

/**
 * What a condition sees of a caller's permissions: those of `callerPermissions`, and each name of the catalogue that they
 * grant by `*` or an area. Upstreams are told the short form.
 */
export function grantedNames(
  book: RoleBook,
  subject: Subject | null,
  catalogue: readonly Permission[],
): readonly Permission[] {
  const held = callerPermissions(book, subject)
  // WHY: a list without wildcards is whole already, and that is what nearly everybody has.
  if (!held.some((permission) => permission.endsWith('*'))) return held
  return [...new Set([...held, ...catalogue.filter((permission) => hasPermission(book, subject, permission))])]
}
