import { canonicalJson } from './bundle.ts'
import type { Quota, RateLimit, Rule } from './model.ts'

function rateText(rate: RateLimit | null): string {
  if (rate === null) return 'none'
  const together = rate.name === undefined ? '' : `, counted as ${rate.name}`
  return `${rate.limit} in ${rate.windowSeconds} s per ${rate.per}${together}`
}

function widerRate({ rateLimit: was }: Rule, { rateLimit: is }: Rule): readonly string[] {
  if (was === null) return []
  // WHY: counted together with more is narrower, with others or alone it may be wider.
  const within =
    is !== null &&
    is.per === was.per &&
    is.limit <= was.limit &&
    is.windowSeconds >= was.windowSeconds &&
    (was.name === undefined || is.name === was.name)
  return within ? [] : [`rate limit ${rateText(was)} -> ${rateText(is)}`]
}

function isLimitWithin(is: number | null | undefined, was: number | null | undefined): boolean {
  if (was === null) return true
  return is !== null && (is ?? 0) <= (was ?? 0)
}

function isQuotaWithin(is: Quota | null, was: Quota): boolean {
  if (is === null || is.effect !== was.effect || is.name !== was.name) return false
  return Object.entries(is.limits).every(([role, limit]) => {
    return isLimitWithin(limit, Object.hasOwn(was.limits, role) ? was.limits[role] : 0)
  })
}

function widerQuota({ quota: was }: Rule, { quota: is }: Rule): readonly string[] {
  if (is?.effect === 'lower') return canonicalJson(is) === canonicalJson(was) ? [] : [`lowers quota ${is.name}`]
  return was === null || was.effect === 'lower' || isQuotaWithin(is, was) ? [] : [`quota ${was.name}`]
}

function widerSocket({ websocket: was }: Rule, { websocket: is }: Rule): readonly string[] {
  const longer = was.maxAgeSeconds !== null && (is.maxAgeSeconds ?? Infinity) > was.maxAgeSeconds
  return [
    ...(was.lease === 'on' && is.lease === 'off' ? ['sockets unwatched'] : []),
    ...(longer ? ['sockets that live longer'] : []),
  ]
}

/** How much more, from where, and to where a new rule lets its callers, or may: one phrase each. */
export function widerConduct(was: Rule, is: Rule): readonly string[] {
  const body = was.maxBody !== null && (is.maxBody ?? Infinity) > was.maxBody
  const success = is.onSuccess !== null && canonicalJson(is.onSuccess) !== canonicalJson(was.onSuccess)
  return [
    ...(was.upstream === is.upstream ? [] : [`upstream ${was.upstream} -> ${is.upstream}`]),
    ...(was.csrf === 'auto' && is.csrf === 'off' ? ['without a check of Origin'] : []),
    ...is.origins.filter((origin) => !was.origins.includes(origin)).map((origin) => `from ${origin}`),
    ...widerRate(was, is),
    ...(body ? [`bodies above ${was.maxBody} bytes`] : []),
    ...widerQuota(was, is),
    ...widerSocket(was, is),
    ...(success ? ['what a success does'] : []),
  ]
}
