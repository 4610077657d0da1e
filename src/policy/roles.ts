import type { Permission, RoleName } from '../core/brand.ts'
import type { Known, Part, Vocabulary } from './known.ts'
import type { RoleData } from './language.ts'
import type { PolicyBundle, Position, Role } from './model.ts'
import { byText } from './order.ts'
import { grants, wildcardsOf } from './permissions.ts'
import type { Problems } from './problem.ts'
import { didYouMean } from './suggest.ts'
import { reportTwice } from './twice.ts'
import { asList, durationOf } from './units.ts'

interface Entry {
  readonly part: Part
  readonly name: string
  readonly data: RoleData
}

/** The people half of a bundle. */
export type RoleSet = Pick<PolicyBundle, 'roles' | 'defaultRole' | 'guestRole' | 'rolesPerUser'>

function entries(parts: readonly Part[], problems: Problems): ReadonlyMap<string, Entry> {
  const found = new Map<string, Entry>()
  for (const part of parts) {
    for (const [name, data] of Object.entries(part.data.roles ?? {})) {
      const first = found.get(name)
      if (first === undefined) found.set(name, { part, name, data })
      else {
        const at = first.part.source.atKey(['roles', name])
        problems.error(
          part.source.atKey(['roles', name]),
          'PST220',
          `role "${name}" stands twice`,
          `first in ${at.file}:${at.line}`,
        )
      }
    }
  }
  return found
}

function isWildcard(grant: string): boolean {
  return grant.endsWith('*')
}

function catalogue(parts: readonly Part[], roles: ReadonlyMap<string, Entry>, problems: Problems): ReadonlySet<string> {
  const declared = new Set<string>()
  for (const part of parts) {
    for (const [index, permission] of (part.data.permissions ?? []).entries()) {
      if (declared.has(permission)) {
        problems.error(
          part.source.at(['permissions', index]),
          'PST220',
          `permission "${permission}" stands twice`,
          'keep one',
        )
      }
      declared.add(permission)
    }
  }
  if (declared.size > 0) return declared
  const listed = [...roles.values()].flatMap((role) => role.data.permissions.filter((one) => !isWildcard(one)))
  return new Set(listed)
}

/** Every role and permission the files name, so that rules can be held against them. */
export function vocabulary(parts: readonly Part[], known: Known, problems: Problems): Vocabulary {
  const roles = entries(parts, problems)
  return { ...known, roles: new Set(roles.keys()), permissions: catalogue(parts, roles, problems) }
}

function expand(entry: Entry, words: Vocabulary, problems: Problems): readonly string[] {
  const expanded: string[] = []
  reportTwice(entry.part.source, ['roles', entry.name, 'permissions'], 'permission', entry.data.permissions, problems)
  for (const [index, grant] of entry.data.permissions.entries()) {
    const at = entry.part.source.at(['roles', entry.name, 'permissions', index])
    if (grant === '*') expanded.push('*')
    else if (isWildcard(grant)) {
      const covered = [...words.permissions].filter((permission) => grants(grant, permission))
      if (covered.length === 0)
        problems.error(
          at,
          'PST204',
          `"${grant}" covers no permission`,
          didYouMean(grant, wildcardsOf(words.permissions)),
        )
      expanded.push(...covered)
    } else if (words.permissions.has(grant)) expanded.push(grant)
    else problems.error(at, 'PST204', `unknown permission "${grant}"`, didYouMean(grant, words.permissions))
  }
  return expanded
}

function inherited(
  entry: Entry,
  all: ReadonlyMap<string, Entry>,
  words: Vocabulary,
  problems: Problems,
  trail: readonly string[],
): readonly string[] {
  const own = [...expand(entry, words, problems)]
  for (const name of asList(entry.data.inherits)) {
    const at = entry.part.source.at(['roles', entry.name, 'inherits'])
    const parent = all.get(name)
    if (trail.includes(name) || name === entry.name) {
      const circle = [...trail, entry.name, name].join(' -> ')
      problems.error(at, 'PST223', `role "${entry.name}" inherits itself: ${circle}`, 'break the circle')
    } else if (parent === undefined) {
      problems.error(at, 'PST205', `unknown role "${name}"`, didYouMean(name, words.roles))
    } else own.push(...inherited(parent, all, words, problems, [...trail, entry.name]))
  }
  return own
}

function managed(
  entry: Entry,
  all: ReadonlyMap<string, Entry>,
  words: Vocabulary,
  problems: Problems,
): readonly RoleName[] {
  const named = entry.data.manages
  if (named === undefined) {
    return [...all.values()].filter((role) => role.data.level < entry.data.level).map((role) => role.name as RoleName)
  }
  for (const [index, name] of named.entries()) {
    if (all.has(name)) continue
    const at = entry.part.source.at(['roles', entry.name, 'manages', index])
    problems.error(at, 'PST205', `unknown role "${name}"`, didYouMean(name, words.roles))
  }
  return named as readonly string[] as readonly RoleName[]
}

function compileRole(entry: Entry, all: ReadonlyMap<string, Entry>, words: Vocabulary, problems: Problems): Role {
  const { data, name, part } = entry
  for (const key of ['inherits', 'manages'] as const)
    reportTwice(part.source, ['roles', name, key], 'role', asList(data[key]), problems)
  const permissions = [...new Set(inherited(entry, all, words, problems, []))].sort()
  return {
    name: name as RoleName,
    displayName: data.displayName ?? name,
    system: data.system ?? false,
    level: data.level,
    permissions: (permissions.includes('*') ? ['*'] : permissions) as readonly string[] as readonly Permission[],
    manages: [...managed(entry, all, words, problems)].sort(),
    sessionSeconds: data.sessionTtl === undefined ? null : durationOf(data.sessionTtl),
    idleSeconds: data.idleTtl === undefined ? null : durationOf(data.idleTtl),
    maxSessions: data.maxSessions ?? null,
    at: part.source.atKey(['roles', name]),
  }
}

function settings(parts: readonly Part[], words: Vocabulary, problems: Problems): Omit<RoleSet, 'roles'> {
  const [chosen, second] = parts.filter((part) => part.data.users !== undefined)
  if (second !== undefined) {
    problems.error(second.source.atKey(['users']), 'PST224', '"users" stands in two files', 'keep one of them')
  }
  const users = chosen?.data.users
  if (chosen === undefined || users === undefined) {
    const top: Position = parts[0]?.source.at([]) ?? { file: 'policies', line: 1, column: 1 }
    problems.error(top, 'PST224', 'no file says which role new users get', 'add users: with defaultRole:')
    return { defaultRole: '' as RoleName, guestRole: null, rolesPerUser: 'many' }
  }
  for (const key of ['defaultRole', 'guestRole'] as const) {
    const name = users[key]
    if (name === undefined || words.roles.has(name)) continue
    problems.error(chosen.source.at(['users', key]), 'PST205', `unknown role "${name}"`, didYouMean(name, words.roles))
  }
  return {
    defaultRole: users.defaultRole as RoleName,
    guestRole: (users.guestRole ?? null) as RoleName | null,
    rolesPerUser: users.roles ?? 'many',
  }
}

/** Compiles every role: inheritance and wildcards resolved, circles and unknown names reported. */
export function compileRoles(parts: readonly Part[], words: Vocabulary, problems: Problems): RoleSet {
  const all = new Map<string, Entry>()
  for (const part of parts) {
    for (const [name, data] of Object.entries(part.data.roles ?? {}))
      if (!all.has(name)) all.set(name, { part, name, data })
  }
  const roles = [...all.values()].map((entry) => compileRole(entry, all, words, problems))
  roles.sort((a, b) => a.level - b.level || byText(a.name, b.name))
  return { roles, ...settings(parts, words, problems) }
}
