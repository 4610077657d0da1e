import { unanswerable } from '../policy/forward-auth.ts'
import type { PolicyBundle } from '../policy/model.ts'
import { grants, wildcardsOf } from '../policy/permissions.ts'
import { didYouMean } from '../policy/suggest.ts'
import type { AdminAction, Config } from '../ports/config.ts'
import { ADMIN_PERMISSIONS } from './parse-admin.ts'
import type { ConfigProblem } from './reader.ts'

/** What of a policy bundle does not fit a configuration; start-up, the CLI, a reload and a push ask the same. */
export function policyMisfits(config: Config, bundle: PolicyBundle): readonly ConfigProblem[] {
  const upstreams = new Set(config.upstreams.map(({ name }) => name))
  const strangers = bundle.rules.filter((rule) => rule.access !== 'deny' && !upstreams.has(rule.upstream))
  const asked = new Set(config.forwardAuth.flatMap(({ upstreams: reached }) => reached))
  const guests =
    "is 'on', but no policy file says what a guest may: add guestRole: under users:, or write guests: 'off'"
  return [
    ...(config.guests === 'on' && bundle.guestRole === null ? [{ path: 'guests', message: guests }] : []),
    ...bundle.rules
      .filter((rule) => asked.has(rule.upstream))
      .flatMap((rule) =>
        unanswerable(rule).map(({ key, remedy }) => ({
          path: `${rule.at.file}:${rule.at.line}:${rule.at.column}`,
          message: `wants "${key}", but upstream "${rule.upstream}" is served by forward-auth: ${remedy}`,
        })),
      ),
    ...strangers.map((rule) => ({
      path: `${rule.at.file}:${rule.at.line}:${rule.at.column}`,
      message: `names upstream "${rule.upstream}", which is not configured; configured are ${[...upstreams].join(', ')}`,
    })),
    ...unknownRoles(config, bundle),
    ...unknownPermissions(config, bundle),
  ]
}

function stranger(what: string, name: string, why: string, known: Iterable<string>): string {
  const hint = didYouMean(name, known)
  return `names ${what}"${name}", ${why}${hint === null ? '' : `; ${hint}`}`
}

function unknownRoles({ people, adminRole, load }: Config, bundle: PolicyBundle): readonly ConfigProblem[] {
  const roles = new Set<string>(bundle.roles.map(({ name }) => name))
  const named: readonly (readonly [path: string, role: string])[] = [
    ...people.flatMap((person, at) =>
      person.roles.map((role, index) => [`people.${at}.roles.${index}`, role] as const),
    ),
    ...(adminRole === null ? [] : [['adminRole', adminRole] as const]),
    ...(load.exempt ?? []).map((role, index) => [`load.exempt.${index}`, role] as const),
  ]
  return named
    .filter(([, role]) => !roles.has(role))
    .map(([path, role]) => ({ path, message: stranger('role ', role, 'which the policy does not know', roles) }))
}

function unknownPermissions(config: Config, bundle: PolicyBundle): readonly ConfigProblem[] {
  const { adminPermissions, staticTokens } = config
  const ofPolicy = new Set<string>(bundle.permissions)
  // WHY: a token may do what an administrative action needs, whether or not the policy has a name for it.
  const grantable = new Set([...ofPolicy, ...Object.values(adminPermissions)])
  const unknown = (path: string, name: string, known: ReadonlySet<string>): readonly ConfigProblem[] =>
    known.has(name) ? [] : [{ path, message: stranger('permission ', name, 'which the policy does not know', known) }]
  const actions = Object.entries(adminPermissions) as readonly (readonly [AdminAction, string])[]
  return [
    ...staticTokens.flatMap(({ permissions }, at) =>
      permissions.flatMap((name, index) => {
        const path = `staticTokens.${at}.permissions.${index}`
        if (!name.endsWith('*')) return unknown(path, name, grantable)
        if (name === '*' || [...grantable].some((one) => grants(name, one))) return []
        const message = stranger('', name, 'which covers no permission of the policy', wildcardsOf(grantable))
        return [{ path, message }]
      }),
    ),
    ...actions.flatMap(([action, name]) =>
      name === ADMIN_PERMISSIONS[action] ? [] : unknown(`adminPermissions.${action}`, name, ofPolicy),
    ),
  ]
}
