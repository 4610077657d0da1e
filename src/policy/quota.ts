import type { PolicyBundle, Quota } from './model.ts'

/** The most generous limit of somebody's roles; null: no limit; roles that are not listed give nothing (seeds A26). */
export function limitOf(quota: Quota, roles: readonly string[]): number | null {
  let most = 0
  for (const role of roles) {
    const limit = Object.hasOwn(quota.limits, role) ? quota.limits[role] : 0
    if (limit === null) return null
    most = Math.max(most, limit ?? 0)
  }
  return most
}

/**
 * What the roles of somebody may make in all, by name of the quota, sorted; where several rules count the same name, what
 * the most generous of them allows; null: no limit.
 */
export function quotasOf(
  { rules }: Pick<PolicyBundle, 'rules'>,
  roles: readonly string[],
): ReadonlyMap<string, number | null> {
  const limits = new Map<string, number | null>()
  for (const { quota, mode } of rules) {
    if (quota === null || quota.effect !== 'raise' || mode === 'shadow') continue
    const limit = limitOf(quota, roles)
    const known = limits.get(quota.name)
    limits.set(quota.name, limit === null || known === null ? null : Math.max(known ?? 0, limit))
  }
  return new Map([...limits].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
