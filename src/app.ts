import { Hono } from 'hono'
import { adminRoutes, health, keys } from './admin/routes.ts'
import { toResponse } from './core/answer.ts'
import { keptBy } from './core/bearer.ts'
import { withoutBasic } from './core/client-kind.ts'
import { mayBeOwn } from './core/target.ts'
import { loginRoutes } from './login/routes.ts'
import { refuse } from './pages/refuse.ts'
import { everythingElse, failed } from './pipeline/everything-else.ts'
import { unaskable } from './pipeline/failure.ts'
import { forwardAuth } from './pipeline/forward-auth.ts'
import { type Arrival, askFromRequest } from './pipeline/intake.ts'
import { isNamed } from './policy/match.ts'
import { matchRule } from './policy/policy.ts'
import type { Config } from './ports/config.ts'
import type { OwnContext, OwnEndpoint } from './ports/front.ts'
import type { Gateway } from './ports/gateway.ts'
import { holdsToken } from './session/shown-tokens.ts'

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
    if (await holdsToken(asked.value.target, gateway)) return toResponse(refuse(asked.value, gateway, 'token-in-url'))
    const ask = withoutBasic(asked.value)
    return toResponse(keptBy(ask.credentials, await endpoint(ask, gateway, context.req.raw)))
  }
}

/** An own endpoint at the root gives way to a rule that names its path; a rule for everything does not (DECISIONS 11). */
function unlessClaimed(endpoint: OwnEndpoint): (context: OwnContext) => Promise<Response> {
  return async (context) => {
    const { gateway, arrival } = bindingsOf(context)
    const asked = askFromRequest(context.req.raw, arrival, gateway.config)
    const isClaimed = asked.ok && isNamed(matchRule(gateway.policy(), asked.value))
    return isClaimed ? everythingElse(context.req.raw, bindingsOf(context)) : own(endpoint)(context)
  }
}

async function verify(context: OwnContext): Promise<Response> {
  const { gateway, arrival } = bindingsOf(context)
  return toResponse(await forwardAuth(context.req.raw, arrival, gateway))
}

/**
 * The route table: own endpoints below the prefix, then everything else through `authorize` to an upstream.
 * Runtimes call `app.fetch(request, { gateway, arrival })`.
 */
export function createApp(config: Pick<Config, 'prefix' | 'nativeClients'>): Hono {
  const app = new Hono()
  loginRoutes(app, config.prefix, own)
  health(app, config.prefix, own)
  keys(app, config, own, unlessClaimed)
  adminRoutes(app, config.prefix, own)
  for (const path of ['/verify', '/verify/*']) app.all(`${config.prefix}${path}`, verify)
  app.all('*', (context) => everythingElse(context.req.raw, bindingsOf(context)))
  app.onError((error, context) => failed(error, context.req.raw, context.env as unknown as AppBindings))
  return app
}

/**
 * The same as `app.fetch`, past the route table where it has nothing to say: what is none of our own endpoints goes
 * straight to where the table would send it.
 */
export async function answerRequest(app: Hono, request: Request, bindings: AppBindings): Promise<Response> {
  if (mayBeOwn(bindings.arrival.rawTarget, bindings.gateway.config.prefix)) return app.fetch(request, bindings)
  try {
    return await everythingElse(request, bindings)
  } catch (error) {
    return failed(error instanceof Error ? error : new Error(String(error)), request, bindings)
  }
}
