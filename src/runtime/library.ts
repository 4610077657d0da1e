import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { isAtRoot } from '../admin/root-paths.ts'
import { answerRequest, type createApp } from '../app.ts'
import { toResponse } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { fold } from '../core/headers.ts'
import type { Subject } from '../core/person.ts'
import { isBelow } from '../core/target.ts'
import { PROXY_NAMES } from '../identity/reserved.ts'
import { answer } from '../pipeline/answer.ts'
import { authorize } from '../pipeline/authorize.ts'
import { failure, unaskable } from '../pipeline/failure.ts'
import { type Allowed, upstreamOf } from '../pipeline/forward.ts'
import { type Arrival, askFromRequest } from '../pipeline/intake.ts'
import { isLimited, withinLimits } from '../pipeline/limits.ts'
import { isPreflight, preflight } from '../pipeline/preflight.ts'
import { record } from '../pipeline/record.ts'
import type { Verdict } from '../pipeline/verdict.ts'
import { unanswerable } from '../policy/forward-auth.ts'
import { isNamed } from '../policy/match.ts'
import { callerPermissions, hasPermission, knownRoles } from '../policy/permissions.ts'
import { matchRule } from '../policy/policy.ts'
import type { Gateway } from '../ports/gateway.ts'
import { followUp } from '../session/follow-up.ts'

/** What one request is judged with. */
export interface Ready {
  readonly gateway: Gateway
  readonly arrival: Arrival
  readonly app: ReturnType<typeof createApp>
}

/** Who asks, as routes of the host see it: nothing in it opens anything. */
export interface Caller {
  /** The user's id; null for a static token. */
  readonly id: string | null
  readonly name: string | null
  readonly email: string | null
  readonly guest: boolean
  readonly roles: readonly string[]
  readonly permissions: readonly string[]
  readonly character: { readonly id: string; readonly name: string; readonly world: string } | null
  /** How the caller proved it: a session, or a token by its id. */
  readonly by: { readonly kind: 'session'; readonly sid: string } | { readonly kind: 'token'; readonly id: string }
  /** Whether the policy in force grants a permission. */
  may(permission: string): boolean
}

/** What a guarded route of the host is handed: `c.get('postern')`. */
export interface Admitted {
  /** Null: nobody is signed in, and the rule asks for nobody. */
  readonly caller: Caller | null
  readonly rule: string
  readonly requestId: string
}

/** Variables of a Hono app with guarded routes: `new Hono<{ Variables: PosternVariables }>()`. */
export interface PosternVariables {
  postern: Admitted
}

/** Postern inside another Hono app. */
export interface Library {
  /** The whole gateway as an app: `host.route('/', gate.app)` after the host's own routes. */
  readonly app: Hono
  /** Answers Postern's own endpoints and lets through to the host's routes what the policies allow. */
  readonly guard: MiddlewareHandler<{ Variables: PosternVariables }>
  /** The whole gateway as a function. */
  fetch(request: Request, env?: unknown): Promise<Response>
}

type MakeReady = (request: Request, env: unknown) => Promise<Ready | Response>

/** Both forms over one maker of what a request is judged with. */
export function libraryOf(makeReady: MakeReady): Library {
  const fetch = async (request: Request, env?: unknown) => {
    const ready = await makeReady(request, env)
    return ready instanceof Response ? ready : answerRequest(ready.app, request, ready)
  }
  const app = new Hono()
  app.all('*', (context) => fetch(context.req.raw, context.env))
  return {
    app,
    fetch,
    async guard(context, next) {
      const ready = await makeReady(context.req.raw, context.env)
      const refused = ready instanceof Response ? ready : await guarded(context, ready)
      // WHY: nothing of the host's response is touched: a socket or a stream must not be rebuilt.
      return refused ?? next()
    },
  }
}

/** Whether a request is for Postern's own endpoints: below the prefix, or at the root where no rule names the path. */
function isOwn(ask: Ask, { config, policy }: Gateway): boolean {
  const { path } = ask.target
  return isBelow(path, config.prefix) || (isAtRoot(path, config) && !isNamed(matchRule(policy(), ask)))
}

async function guarded(context: Context, ready: Ready): Promise<Response | null> {
  const { gateway, arrival, app } = ready
  const request = context.req.raw
  const began = gateway.runtime.ticks()
  const asked = askFromRequest(request, arrival, gateway.config)
  if (!asked.ok) return toResponse(unaskable(asked.fault, arrival, gateway))
  const ask = asked.value
  if (isOwn(ask, gateway)) return app.fetch(request, ready)
  const met = isPreflight(ask, gateway) ? preflight(ask, gateway) : null
  if (met?.kind === 'answered') return toResponse(met.answer)
  try {
    return await judged(context, ask, gateway, began, met?.verdict ?? (await authorize(ask, gateway)))
  } catch (error) {
    return toResponse(failure(error instanceof Error ? error : new Error(String(error)), ask, arrival, gateway))
  }
}

async function judged(
  context: Context,
  ask: Ask,
  gateway: Gateway,
  began: number,
  verdict: Verdict,
): Promise<Response | null> {
  const instead = verdict.kind === 'allow' ? await followUp(ask, gateway, verdict.rule, verdict.subject) : null
  if (instead !== null) {
    record(ask, gateway, verdict, instead.status, began)
    return toResponse(instead)
  }
  const limited = verdict.kind === 'allow' ? await limits(ask, gateway, verdict) : verdict
  const refused = limited.kind === 'allow' ? null : toResponse(answer(limited, ask, gateway))
  record(ask, gateway, limited, refused?.status ?? 200, began)
  if (limited.kind === 'allow') {
    context.req.raw = unforged(context.req.raw, limited, ask, gateway)
    context.set('postern', admitted(limited, ask, gateway))
  }
  return refused
}

/** Reserved names that a route of the host gets all the same: a credential, and what a server in front of the host says. */
const LEFT: ReadonlySet<string> = new Set(['authorization', ...PROXY_NAMES])

// ATTACK: a route that passes its request on, or that reads `Remote-User` as before, would believe what a client wrote.
function unforged(request: Request, { rule }: Allowed, { certified }: Ask, gateway: Gateway): Request {
  const upstream = upstreamOf(rule, gateway)
  const names = [...request.headers.keys()]
  // WHY: one that is true is left: a gateway behind this guard asks for it again.
  const untrue = certified ? null : gateway.config.clientCertificate?.header
  const isForged = (name: string) => fold(name) === untrue || gateway.identity.isReserved(upstream, name)
  const forged = names.filter((name) => !LEFT.has(name) && isForged(name))
  if (forged.length === 0) return request
  const headers = new Headers(request.headers)
  for (const name of forged) headers.delete(name)
  // WHY: the server of the host may have a class of its own, which the platform's would not take for a request.
  const Own = request.constructor as typeof Request
  return new Own(request, { headers })
}

function limits(ask: Ask, gateway: Gateway, allowed: Allowed) {
  const lost = unanswerable(allowed.rule).filter(({ key }) => key !== 'timeout' && key !== 'websocket')
  // INVARIANT: fails closed: what the host's own route would not keep is not silently left out.
  if (lost.length > 0) {
    const keys = lost.map(({ key }) => key).join(', ')
    throw new Error(`rule ${allowed.rule.id} has ${keys}, which guard cannot keep for a route of the host`)
  }
  return isLimited(allowed.rule, allowed.subject) ? withinLimits(ask, gateway, allowed) : allowed
}

function admitted({ rule, subject }: Allowed, ask: Ask, gateway: Gateway): Admitted {
  return {
    caller: subject === null ? null : callerOf(subject, gateway),
    rule: rule.id,
    requestId: ask.requestId,
  }
}

function callerOf(subject: Subject, gateway: Gateway): Caller {
  const policy = gateway.policy()
  const user = subject.kind === 'fixed-token' ? null : subject.user
  const roles = knownRoles(policy, user?.roles ?? [])
  return {
    id: user?.id ?? null,
    name: user?.profile.name ?? null,
    email: user?.profile.email ?? null,
    guest: user?.guest ?? false,
    roles,
    permissions: callerPermissions(policy, subject),
    character: subject.kind === 'session' ? subject.session.character : null,
    by:
      subject.kind === 'session'
        ? { kind: 'session', sid: subject.session.sid }
        : { kind: 'token', id: subject.token.id },
    may: (permission) => hasPermission(policy, subject, permission),
  }
}
