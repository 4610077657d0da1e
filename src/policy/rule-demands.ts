import type { Permission, RoleName } from '../core/brand.ts'
import type { DemandData } from './language.ts'
import type { Demands, ParamRule } from './model.ts'
import type { RuleSite } from './rule-params.ts'
import { checkWhen } from './rule-when.ts'
import { didYouMean } from './suggest.ts'
import { reportTwice } from './twice.ts'
import { asList, durationOf } from './units.ts'

type Path = readonly PropertyKey[]

function permissions(site: RuleSite, path: Path, names: readonly string[]): readonly Permission[] {
  const { source, words, problems } = site
  for (const [index, name] of names.entries()) {
    const at = source.at([...path, index])
    if (!words.permissions.has(name)) {
      problems.error(at, 'PST204', `unknown permission "${name}"`, didYouMean(name, words.permissions))
    }
  }
  reportTwice(source, path, 'permission', names, problems)
  return names as readonly string[] as readonly Permission[]
}

function roles(site: RuleSite, path: Path, written: DemandData['role']): readonly RoleName[] {
  const names = asList(written)
  reportTwice(site.source, path, 'role', names, site.problems)
  for (const [index, name] of names.entries()) {
    if (site.words.roles.has(name)) continue
    const at = site.source.at(typeof written === 'string' ? path : [...path, index])
    site.problems.error(at, 'PST205', `unknown role "${name}"`, didYouMean(name, site.words.roles))
  }
  return names as readonly string[] as readonly RoleName[]
}

/** Demands of the rule itself, or of one case of its body when `at` leads there. */
export function compileDemands(site: RuleSite, data: DemandData, at: Path, params: readonly ParamRule[]): Demands {
  const single = data.permission === undefined ? [] : [data.permission]
  const known = permissions(site, [...at, 'permission'], single)
  if (data.when !== undefined) checkWhen(site, [...at, 'when'], data.when, params)
  return {
    anyPermission: permissions(site, [...at, 'anyPermission'], data.anyPermission ?? []),
    allPermissions: [...known, ...permissions(site, [...at, 'allPermissions'], data.allPermissions ?? [])],
    roles: roles(site, [...at, 'role'], data.role),
    minLevel: data.minLevel ?? null,
    character: data.character === 'selected',
    freshWithin: null,
    guest: 'refuse',
    tokens: 'refuse',
    when: data.when ?? null,
  }
}

/** Demands of a whole rule: also who it is open to at all. */
export function compileRuleDemands(site: RuleSite, params: readonly ParamRule[]): Demands {
  const { data } = site
  const base = compileDemands(site, data, ['rules', site.index], params)
  return {
    ...base,
    freshWithin: data.freshWithin === undefined ? null : durationOf(data.freshWithin),
    guest: data.guest ?? (data.access === 'optional' ? 'allow' : 'refuse'),
    tokens: data.tokens ?? 'refuse',
  }
}
