import { toResponse } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { firstOffer } from '../core/ticket.ts'
import type { Rule } from '../policy/model.ts'
import type { Gateway } from '../ports/gateway.ts'
import { UpstreamFailed } from '../ports/upstream.ts'
import { followUp } from '../session/follow-up.ts'
import { answer } from './answer.ts'
import { authorize } from './authorize.ts'
import { type Allowed, forward, type Passage } from './forward.ts'
import { type HeldBody, hasBody, heldBody } from './held-body.ts'
import type { ListedHeaders } from './intake.ts'
import { politeClosing } from './lease.ts'
import { isLimited, withinLimits } from './limits.ts'
import { isPreflight, preflight } from './preflight.ts'
import { record } from './record.ts'
import type { Verdict } from './verdict.ts'
import { forwardWatched, isWatched } from './watch.ts'

/** One request of a Web front from arrival to answer: decide, dress, send, undress. */
export async function proxy(request: Request, headers: ListedHeaders, ask: Ask, gateway: Gateway): Promise<Response> {
  const began = gateway.runtime.ticks()
  const met = isPreflight(ask, gateway) ? preflight(ask, gateway) : null
  if (met?.kind === 'answered') return toResponse(met.answer)
  // ATTACK: a body in chunks on what is judged as nobody's does not travel.
  const held = met === null && hasBody(request, ask) ? heldBody(request, ask) : null
  const judged = met?.verdict ?? authorize(ask, gateway, held)
  const verdict = judged instanceof Promise ? await judged : judged
  if (verdict.kind !== 'allow') return refused(verdict, request, ask, gateway, began)
  const following = followUp(ask, gateway, verdict.rule, verdict.subject)
  const instead = following === null ? null : await following
  if (instead !== null) {
    record(ask, gateway, verdict, instead.status, began)
    return toResponse(instead)
  }
  const isCounted = isLimited(verdict.rule, verdict.subject)
  const limited = isCounted ? await withinLimits(ask, gateway, verdict, held?.size ?? null) : verdict
  if (limited.kind !== 'allow') return refused(limited, request, ask, gateway, began)
  const response = await passOn(request, headers, held, ask, gateway, limited, met === null ? 'request' : 'preflight')
  if (ask.front === 'socket' && response.ok) throw servedInstead(response, limited.rule)
  record(ask, gateway, verdict, response.status, began)
  return response
}

/**
 * ATTACK: who asks for an upgrade that a service takes no notice of would get what a plain request gets past what holds
 * plain requests (RFC 9110 section 7.8).
 */
function servedInstead({ status, body }: Response, { upstream }: Rule): UpstreamFailed {
  // WHY: whether the service still hears that nobody reads on changes nothing for the client.
  body?.cancel().catch(() => undefined)
  return new UpstreamFailed('upgrade-refused', `answered ${status}`, { upstream })
}

function passOn(
  request: Request,
  headers: ListedHeaders,
  held: HeldBody | null,
  ask: Ask,
  gateway: Gateway,
  allowed: Allowed,
  what: 'request' | 'preflight',
): Promise<Response> {
  const protocols = ask.front === 'socket' ? headers.get('sec-websocket-protocol') : null
  const connection = headers.get('connection')
  const body = held === null ? null : request.body
  const passage: Passage = {
    headers: headers.pairs,
    original: headers,
    connection,
    protocols,
    body,
    // WHY: asked for only by who needs it: on Workers to look at it costs a tenth of a bare request.
    get signal() {
      return request.signal
    },
  }
  // WHY: a preflight does nothing, so that nothing comes of its success.
  if (what === 'request' && isWatched(allowed.rule, ask))
    return forwardWatched(passage, held ?? heldBody(request, ask), ask, gateway, allowed)
  if (held === null || ask.contentLength !== null) return forward(passage, ask, gateway, allowed)
  // ATTACK: workerd ends a body in chunks as if it were whole when it breaks off (a bad chunk, a client that is gone).
  const either = AbortSignal.any([request.signal, held.broken])
  return forward({ ...passage, signal: either, body: held.outgoing(Number.MAX_SAFE_INTEGER) }, ask, gateway, allowed)
}

function refused(
  verdict: Exclude<Verdict, { readonly kind: 'allow' }>,
  request: Request,
  ask: Ask,
  gateway: Gateway,
  began: number,
): Response {
  const told = answer(verdict, ask, gateway)
  record(ask, gateway, verdict, told.status, began)
  return politely(verdict, request, gateway) ?? toResponse(told)
}

/** Whether a rule wants sockets of nobody accepted and closed with a code, which is all a browser can read. */
export function isClosedPolitely(verdict: Verdict): boolean {
  return verdict.kind === 'challenge' && verdict.rule?.websocket.unauthenticated === 'accept-then-close'
}

function politely(verdict: Verdict, request: Request, gateway: Gateway): Response | null {
  if (request.headers.get('upgrade') === null || !isClosedPolitely(verdict)) return null
  const { code, reason } = politeClosing(verdict)
  const protocol = firstOffer(request.headers.get('sec-websocket-protocol'))
  return gateway.upstream.closeAtOnce?.(protocol, code, reason) ?? null
}
