import { countedAs } from '../core/address.ts'
import type { Ask } from '../core/ask.ts'
import { seconds } from '../core/brand.ts'
import type { Subject, User } from '../core/person.ts'
import type { Quota, RateLimit, Rule } from '../policy/model.ts'
import { limitOf } from '../policy/quota.ts'
import type { Gateway } from '../ports/gateway.ts'
import { StoreUnavailable } from '../ports/store.ts'
import { countTokenCall, hasHourlyLimit } from '../session/token-limit.ts'
import { type Allowed, timeoutOf, upstreamOf } from './forward.ts'
import type { Verdict } from './verdict.ts'

/** Whether anything is counted before such a request goes on: by its rule, or for its API token. */
export function isLimited(rule: Rule, subject: Subject | null): boolean {
  return rule.rateLimit !== null || rule.quota !== null || rule.maxBody !== null || hasHourlyLimit(subject)
}

/**
 * What the limits of a rule and of a token say about a request that may go through: a stage of its own after
 * `authorize`. A rate limit, the hour of a token and a quota are one atomic operation each (DECISIONS 9); a request
 * without them never comes here.
 *
 * @param size - bytes of the body, as far as that is known
 * @throws StoreUnavailable
 */
export async function withinLimits(
  ask: Ask,
  gateway: Gateway,
  allowed: Allowed,
  size: number | null = ask.contentLength,
): Promise<Verdict> {
  const { rule, subject } = allowed
  if (rule.maxBody !== null && size !== null && size > rule.maxBody)
    return { kind: 'limited', rule, subject, limit: { kind: 'body-too-large', most: rule.maxBody } }
  if (rule.rateLimit !== null) {
    const retryAfter = await overRate(ask, gateway, rule, rule.rateLimit, subject)
    if (retryAfter !== null) return { kind: 'limited', rule, subject, limit: { kind: 'rate-limited', retryAfter } }
  }
  const excess = await countTokenCall(subject, gateway)
  if (excess !== null) return { kind: 'limited', rule, subject, limit: { kind: 'token-limited', excess } }
  // ATTACK: also for an upgrade: a service may take no notice of it and do what is counted (RFC 9110 section 7.8).
  return rule.quota?.effect === 'raise' ? reserved(gateway, allowed, rule.quota) : allowed
}

/** Seconds until the next one may come; null: this one may. */
async function overRate(
  ask: Ask,
  gateway: Gateway,
  rule: Rule,
  rate: RateLimit,
  subject: Subject | null,
): Promise<number | null> {
  const { limit, windowSeconds } = rate
  try {
    const { name, share } = counted(ask, rate, subject)
    // WHY: no rule has such an id: what is counted together never meets what one rule counts.
    const bucket = rate.name === undefined ? `${rule.id} ${name}` : `\n${rate.name} ${name}`
    const hit = await gateway.store.rates.hit(bucket, limit * share, windowSeconds, gateway.runtime.now())
    return hit.allowed ? null : Math.max(1, hit.retryAfter)
  } catch (error) {
    // WHY: public routes go on while the store is silent (SPEC 10).
    if (!(error instanceof StoreUnavailable) || rule.access !== 'public') throw error
    gateway.runtime.observe({ kind: 'store-unavailable', operation: error.operation, reason: error.message })
    return null
  }
}

// WHY: who has no session is counted by the next best name; a limit nobody could be held to would be none.
function counted({ address }: Ask, { per }: RateLimit, subject: Subject | null): ReturnType<typeof countedAs> {
  if (per !== 'address' && subject !== null) return { name: holder(per, subject), share: 1 }
  const { name, share } = countedAs(address)
  return { name: `address:${name}`, share }
}

function holder(per: 'user' | 'session', subject: Subject): string {
  if (subject.kind === 'fixed-token') return `token:${subject.token.id}`
  if (per === 'user') return `user:${subject.user.id}`
  return subject.kind === 'session' ? `session:${subject.session.sid}` : `token:${subject.token.id}`
}

/** The account whose counters a request moves; a static token has none. */
export function accountOf(subject: Subject | null): User | null {
  return subject === null || subject.kind === 'fixed-token' ? null : subject.user
}

async function reserved(gateway: Gateway, allowed: Allowed, quota: Quota): Promise<Verdict> {
  const { rule, subject } = allowed
  const user = accountOf(subject)
  if (user === null) return allowed
  // WHY: also who has no limit is counted: the role can be lost again.
  const limit = limitOf(quota, user.roles) ?? Number.MAX_SAFE_INTEGER
  const hold = seconds(Math.ceil(timeoutOf(rule, upstreamOf(rule, gateway)) / 1000) + 60)
  const { quotas } = gateway.store
  const held = await quotas.reserve(user.id, user.tag, quota.name, limit, gateway.runtime.now(), hold)
  if (held.kind === 'reserved') return { ...allowed, reservation: held.id }
  return { kind: 'limited', rule, subject, limit: { kind: 'quota-exceeded', limit: held.limit, used: held.used } }
}

/**
 * Counts what came of a request: a reservation is used by a 2xx and given back otherwise; a lowering rule lowers on a
 * 2xx. Goes on when the client hangs up; a store that is silent now is reported, and the answer stands.
 */
export async function settleQuota(gateway: Gateway, allowed: Allowed, came: 'success' | 'failure'): Promise<void> {
  const work = settling(gateway, allowed, came)
  if (work === null) return
  gateway.runtime.background(work)
  await work.catch(() => undefined)
}

function settling(gateway: Gateway, { rule, subject, reservation }: Allowed, came: string): Promise<unknown> | null {
  const user = accountOf(subject)
  if (user === null || rule.quota === null) return null
  const { quotas } = gateway.store
  if (reservation !== undefined)
    return came === 'success' ? quotas.confirm(user.tag, reservation) : quotas.release(user.tag, reservation)
  return rule.quota.effect === 'lower' && came === 'success' ? quotas.lower(user.id, user.tag, rule.quota.name) : null
}
