import { type Answer, toResponse } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { withoutBasic } from '../core/client-kind.ts'
import { isBelow } from '../core/target.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import { failure, unaskable } from './failure.ts'
import { type Arrival, askFromRequest, listedHeaders } from './intake.ts'
import { proxy } from './proxy.ts'

interface Bindings {
  readonly gateway: Gateway
  readonly arrival: Arrival
}

/** Answers what is none of our own endpoints: through `authorize` to an upstream. */
export function everythingElse(request: Request, { gateway, arrival }: Bindings): Promise<Response> {
  const headers = listedHeaders(request.headers)
  const asked = askFromRequest({ method: request.method, headers }, arrival, gateway.config)
  if (!asked.ok) return Promise.resolve(toResponse(unaskable(asked.fault, arrival, gateway)))
  // ATTACK: Hono matches decoded paths, we judge canonical ones: what is ours under any spelling never reaches an upstream.
  if (isBelow(asked.value.target.path, gateway.config.prefix))
    return Promise.resolve(toResponse(noSuchEndpoint(asked.value, gateway)))
  return proxy(request, headers, asked.value, gateway)
}

function noSuchEndpoint(ask: Ask, gateway: Gateway): Answer {
  return refuse(ask, gateway, 'not-found')
}

/** The answer to what nobody caught. */
export function failed(error: Error, request: Request, { gateway, arrival }: Bindings): Response {
  // ATTACK: clients that hang up in the middle of a form are no bug of ours: they must not wake an operator.
  if (request.signal.aborted) return new Response(null, { status: 400 })
  const asked = askFromRequest(request, arrival, gateway.config)
  const ask = asked.ok ? asked.value : null
  const isOwn = ask !== null && isBelow(ask.target.path, gateway.config.prefix)
  return toResponse(failure(error, isOwn ? withoutBasic(ask) : ask, arrival, gateway))
}
