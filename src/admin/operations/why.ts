import type { Reader } from '../../config/reader.ts'
import { seconds, type UserId } from '../../core/brand.ts'
import type { Session, Subject, User } from '../../core/person.ts'
import { ok } from '../../core/result.ts'
import { canonicalTarget, isBelow } from '../../core/target.ts'
import { type Explanation, explain } from '../../policy/explain.ts'
import { isNamed } from '../../policy/match.ts'
import type { Rule } from '../../policy/model.ts'
import { describe } from '../../policy/outcome.ts'
import { matchRule } from '../../policy/policy.ts'
import { routeLines } from '../../policy/routes.ts'
import type { Page } from '../../ports/page.ts'
import { isAtRoot } from '../root-paths.ts'
import { mayAct, unknownUser } from './authority.ts'
import { type Call, type Outcome, refused } from './call.ts'
import { boundedText, type Operation, operation, optionalBounded, pageOf } from './define.ts'
import type { View } from './views.ts'

/** Rules of one page: who passes is decided for each of them, for every role. */
const MOST_RULES = 100

function placeOf(rule: Rule): string {
  return `${rule.at.file}:${rule.at.line}`
}

/** The rules of the policy in force with what they need and who passes, by path. */
export async function listRoutes(call: Call, { after, limit }: Page): Promise<Outcome<View>> {
  const { config } = call.gateway
  const policy = call.gateway.policy()
  const from = after === null ? 0 : Number(after)
  const most = Math.min(limit, MOST_RULES)
  const lines = routeLines(policy, [config.host, ...config.hosts], { from, most })
  const routes = lines.map(({ rule, needs, who, unsure }) => {
    return { rule: rule.id, mode: rule.mode, upstream: rule.upstream, needs, who, unsure, at: placeOf(rule) }
  })
  const next = from + lines.length
  return ok({ policy: policy.hash, routes, next: next < policy.bundle.rules.length ? String(next) : null })
}

/** A request that somebody asks about. */
export interface WhyInput {
  readonly method: string
  /** Path and query. */
  readonly path: string
  /** Null: the host of the configuration. */
  readonly host: string | null
  /** Null: nobody signed in. */
  readonly user: string | null
}

/** Somebody as a decision sees them: by the session they used last, or as if signed in just now. */
async function subjectOf({ gateway }: Call, user: User): Promise<Subject> {
  const { store, runtime } = gateway
  const now = runtime.now()
  const [latest] = (await store.sessions.list(user, now)).toSorted((a, b) => b.lastSeenAt - a.lastSeenAt)
  return { kind: 'session', user, session: latest ?? freshSession(user, now) }
}

function freshSession(user: User, now: Session['createdAt']): Session {
  const end = seconds(now + 3600)
  const made = { key: '' as Session['key'], sid: '' as Session['sid'], provider: '', client: '', userAgent: '' }
  const times = { createdAt: now, authTime: now, provenAt: now, lastSeenAt: now, idleUntil: end, endsAt: end }
  const place = { address: null, country: null, character: null }
  return { ...made, ...times, ...place, user: user.id, tag: user.tag, version: 1 }
}

/** Why no rule is asked at all; null when one is. */
function withoutRule({ gateway }: Call, input: WhyInput): string | null {
  const { config } = gateway
  const host = input.host ?? config.host
  if (host !== config.host && !config.hosts.includes(host)) return `"${host}" is not a host of this deployment`
  const target = canonicalTarget(input.path)
  if (!target.ok) return `the address has no canonical form: ${target.fault.problem}`
  const { path } = target.value
  if (isBelow(path, config.prefix)) return `below ${config.prefix} Postern answers itself`
  if (!isAtRoot(path, config)) return null
  const match = matchRule(gateway.policy(), { method: input.method, host, target: target.value })
  return isNamed(match) ? null : 'Postern answers this path itself, as no rule names it'
}

function explained({ rule, steps, decision, status, runnersUp, shadows }: Explanation): View {
  return {
    rule: rule === null ? null : rule.id,
    at: rule === null ? null : placeOf(rule),
    why: describe(decision),
    status,
    steps: steps.map(({ check, holds, detail }) => ({ check, holds, detail })),
    beside: runnersUp.map((other) => ({ rule: other.rule.id, at: placeOf(other.rule), why: other.why })),
    shadows: shadows.map((shadow) => ({ rule: shadow.rule.id, why: describe(shadow.decision) })),
  }
}

/**
 * Why a request gets the answer it gets from the policy in force, with the evaluator that serves requests. Body, address and
 * limits are not asked for; nothing is forwarded and nothing counted.
 */
export async function explainRequest(call: Call, input: WhyInput): Promise<Outcome<View>> {
  const { gateway } = call
  const policy = gateway.policy()
  // ATTACK: what is decided for a person tells their standing and roles, and that there is one.
  if (input.user !== null && !mayAct(call, 'users')) {
    const missing = [gateway.config.adminPermissions.users]
    return refused('permission-denied', 'ask about nobody, or ask an administrator for this permission', { missing })
  }
  const user = input.user === null ? null : await gateway.store.directory.read(input.user as UserId)
  if (input.user !== null && user === null) return unknownUser(input.user)
  const none = withoutRule(call, input)
  const target = canonicalTarget(input.path)
  if (none !== null || !target.ok)
    return ok({
      policy: policy.hash,
      rule: null,
      at: null,
      why: none ?? '',
      status: null,
      steps: [],
      beside: [],
      shadows: [],
    })
  const facts = {
    subject: user === null ? null : await subjectOf(call, user),
    target: target.value,
    host: input.host ?? gateway.config.host,
    method: input.method,
    body: undefined,
    now: gateway.runtime.now(),
    address: null,
  }
  return ok({ policy: policy.hash, ...explained(explain(policy, facts)) })
}

function whyInput(read: Reader): WhyInput {
  const method = boundedText(read, 'method', 20).toUpperCase()
  if (!/^[A-Z]*$/.test(method)) read.fault('method', 'must be a method such as GET')
  const path = boundedText(read, 'path', 2048)
  if (path !== '' && !path.startsWith('/'))
    read.fault('path', 'must be a path such as /players/7, with its query if it has one')
  const host = optionalBounded(read, 'host', 255)
  return { method, path, host: host === null ? null : host.toLowerCase(), user: optionalBounded(read, 'user', 64) }
}

function routesPage(read: Reader): Page {
  const page = pageOf(read)
  if (page.after !== null && !/^\d{1,6}$/.test(page.after)) read.fault('after', 'must be the `next` of the page before')
  return page
}

/** Operations that say what the policy in force does. */
export const whyOperations: readonly Operation[] = [
  operation({ name: 'policies.routes', effect: 'read', needs: 'config' }, routesPage, listRoutes),
  operation({ name: 'policies.explain', effect: 'read', needs: 'config' }, whyInput, explainRequest),
]
