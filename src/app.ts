import { Hono } from 'hono'
import { adminRoutes, health, keys } from './admin/routes.ts'
import { type Answer, toResponse } from './core/answer.ts'
import type { Ask } from './core/ask.ts'
import { isBelow } from './core/target.ts'
import { loginRoutes } from './login/routes.ts'
import { refuse } from './pages/refuse.ts'
import { failure, unaskable } from './pipeline/failure.ts'
import { forwardAuth } from './pipeline/forward-auth.ts'
import { type Arrival, askFromRequest, listedHeaders } from './pipeline/intake.ts'
import { proxy } from './pipeline/proxy.ts'
import { matchRule } from './policy/policy.ts'
import type { Config } from './ports/config.ts'
import type { OwnContext, OwnEndpoint } from './ports/front.ts'
import type { Gateway } from './ports/gateway.ts'

/** What a runtime gives with each request: the gateway, and what only it knows about the arrival. */
export interface AppBindings {
  readonly gateway: Gateway
  readonly arrival: Arrival
}

function bindingsOf(context: OwnContext): AppBindings {
  return context.env as AppBindings
}

function own(endpoint: OwnEndpoint): (context: OwnContext) => Promise<Response> {
  return async (context) => {
    const { gateway, arrival } = bindingsOf(context)
    const asked = askFromRequest(context.req.raw, arrival, gateway.config)
    if (!asked.ok) return toResponse(unaskable(asked.fault, arrival, gateway))
    return toResponse(await endpoint(asked.value, gateway, context.req.raw))
  }
}

/** An own endpoint at the root gives way to a rule that names its path; a rule for everything does not (DECISIONS 11). */
function unlessClaimed(endpoint: OwnEndpoint): (context: OwnContext) => Promise<Response> {
  return async (context) => {
    const { gateway, arrival } = bindingsOf(context)
    const asked = askFromRequest(context.req.raw, arrival, gateway.config)
    const match = asked.ok ? matchRule(gateway.policy(), asked.value) : null
    const claimed = match?.kind === 'rule' && match.rule.segments[0]?.kind === 'literal'
    return claimed ? everythingElse(context) : own(endpoint)(context)
  }
}

async function verify(context: OwnContext): Promise<Response> {
  const { gateway, arrival } = bindingsOf(context)
  return toResponse(await forwardAuth(context.req.raw, arrival, gateway))
}

async function everythingElse(context: OwnContext): Promise<Response> {
  const { gateway, arrival } = bindingsOf(context)
  const request = context.req.raw
  const headers = listedHeaders(request.headers)
  const asked = askFromRequest({ method: request.method, headers }, arrival, gateway.config)
  if (!asked.ok) return toResponse(unaskable(asked.fault, arrival, gateway))
  // ATTACK: Hono matches decoded paths, we judge canonical ones: what is ours under any spelling never reaches an upstream.
  if (isBelow(asked.value.target.path, gateway.config.prefix)) return toResponse(noSuchEndpoint(asked.value, gateway))
  return proxy(request, headers, asked.value, gateway)
}

function noSuchEndpoint(ask: Ask, gateway: Gateway): Answer {
  return refuse(ask, gateway, 'not-found')
}

/**
 * The route table: own endpoints below the prefix, then everything else through `authorize` to an upstream.
 * Runtimes call `app.fetch(request, { gateway, arrival })`.
 */
export function createApp(config: Pick<Config, 'prefix'>): Hono {
  const app = new Hono()
  loginRoutes(app, config.prefix, own)
  health(app, config.prefix, own)
  keys(app, config.prefix, own, unlessClaimed)
  adminRoutes(app, config.prefix, own)
  for (const path of ['/verify', '/verify/*']) app.all(`${config.prefix}${path}`, verify)
  app.all('*', (context) => everythingElse(context))
  app.onError((error, context) => {
    const { gateway, arrival } = context.env as unknown as AppBindings
    // ATTACK: clients that hang up in the middle of a form are no bug of ours: they must not wake an operator.
    if (context.req.raw.signal.aborted) return new Response(null, { status: 400 })
    const asked = askFromRequest(context.req.raw, arrival, gateway.config)
    return toResponse(failure(error, asked.ok ? asked.value : null, arrival, gateway))
  })
  return app
}
