import type { CallerMap } from './language.ts'
import type { PolicyBundle, Role } from './model.ts'

/** Somebody whom both policies of a comparison are asked about. */
export interface ComparedCaller {
  /** `nobody`, or a role with what is special: `+character`, `+token`. */
  readonly name: string
  readonly data: CallerMap | 'nobody'
}

/** What the rules of both policies ask for, and so what callers must differ in. */
interface Questions {
  /** Greatest ages of a sign-in, in seconds and in order. */
  readonly ages: readonly number[]
  readonly character: 'asked' | 'never'
  /** Attributes that are true once somebody finished signing up. */
  readonly finished: Readonly<Record<string, true>>
}

function questionsOf(bundles: readonly PolicyBundle[]): Questions {
  const rules = bundles.flatMap((bundle) => bundle.rules)
  const demands = rules.flatMap((rule) => [rule.demands, ...Object.values(rule.body?.cases ?? {})])
  const finished = rules.flatMap(({ onboarding }): [string, true][] => {
    return onboarding === null ? [] : [[onboarding.attribute, true]]
  })
  return {
    ages: [...new Set(demands.flatMap(({ freshWithin }) => freshWithin ?? []))].sort((a, b) => a - b),
    character: demands.some(({ character }) => character) ? 'asked' : 'never',
    finished: Object.fromEntries(finished),
  }
}

function asRole(name: string, guest: boolean, { ages, character, finished }: Questions): readonly ComparedCaller[] {
  const own: CallerMap = { roles: [name], guest, character: true, attributes: finished }
  const last = ages.at(-1)
  // WHY: between two limits every age gets the same answers, so one of each will do.
  const old = last === undefined ? [] : [...ages.slice(1), last + 1]
  return [
    { name: `${name}+character`, data: own },
    ...(character === 'asked' ? [{ name: `${name}+no-character`, data: { ...own, character: false } }] : []),
    ...old.map((age) => ({ name: `${name}+${age}s-ago`, data: { ...own, signedInAgo: age } })),
    ...(Object.keys(finished).length > 0 ? [{ name: `${name}+unfinished`, data: { ...own, attributes: {} } }] : []),
    { name: `${name}+token`, data: { ...own, token: true } },
  ]
}

/** Everybody whom the rules of these bundles can tell apart by role, character, age of the sign-in and token; nobody first. */
export function comparedCallers(bundles: readonly PolicyBundle[]): readonly ComparedCaller[] {
  const questions = questionsOf(bundles)
  const roles = new Set(bundles.flatMap((bundle) => bundle.roles.map(({ name }: Role) => String(name))))
  const guests = new Set(bundles.flatMap(({ guestRole }): readonly string[] => (guestRole === null ? [] : [guestRole])))
  const somebody = [...roles].flatMap((name) => asRole(name, guests.has(name), questions))
  return [{ name: 'nobody', data: 'nobody' }, ...somebody]
}
