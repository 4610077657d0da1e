import { unanswerable } from '../policy/forward-auth.ts'
import type { PolicyBundle } from '../policy/model.ts'
import type { Config } from '../ports/config.ts'
import type { ConfigProblem } from './reader.ts'

/** What of a policy bundle does not fit a configuration; start-up, the CLI, a reload and a push ask the same. */
export function policyMisfits(config: Config, bundle: PolicyBundle): readonly ConfigProblem[] {
  const upstreams = new Set(config.upstreams.map(({ name }) => name))
  const roles = new Set<string>(bundle.roles.map(({ name }) => name))
  const strangers = bundle.rules.filter((rule) => rule.access !== 'deny' && !upstreams.has(rule.upstream))
  const named: readonly (readonly [path: string, role: string])[] = [
    ...config.people.flatMap((person) => person.roles.map((role) => ['people', role] as const)),
    ...(config.adminRole === null ? [] : [['people', config.adminRole] as const]),
    ...(config.load.exempt ?? []).map((role) => ['load.exempt', role] as const),
  ]
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
    ...named
      .filter(([, role]) => !roles.has(role))
      .map(([path, role]) => ({
        path,
        message: `names role "${role}", which the policy does not know; it knows ${[...roles].join(', ')}`,
      })),
  ]
}
