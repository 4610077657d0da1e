import { toResponse } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { refuse } from '../pages/refuse.ts'
import type { Rule } from '../policy/model.ts'
import type { Upstream } from '../ports/config.ts'
import type { Gateway } from '../ports/gateway.ts'
import { followUp } from '../session/follow-up.ts'
import { answer } from './answer.ts'
import { authorize } from './authorize.ts'
import { dress, signed, undress, upstreamTarget } from './dress.ts'
import { leaseTerms } from './lease.ts'
import { isPreflight, preflight } from './preflight.ts'
import { record } from './record.ts'
import type { Verdict } from './verdict.ts'

/** One request of a Web front from arrival to answer: decide, dress, send, undress. */
export async function proxy(request: Request, ask: Ask, gateway: Gateway): Promise<Response> {
  const began = gateway.runtime.ticks()
  if (isPreflight(ask)) {
    const answered = preflight(ask, gateway)
    if (answered !== null) return toResponse(answered)
  }
  const verdict = await authorize(ask, gateway)
  if (verdict.kind !== 'allow') {
    const refused = answer(verdict, ask, gateway)
    record(ask, gateway, verdict, refused.status, began)
    return politely(verdict, request, gateway) ?? toResponse(refused)
  }
  const instead = await followUp(ask, gateway, verdict.rule, verdict.subject)
  if (instead !== null) {
    record(ask, gateway, verdict, instead.status, began)
    return toResponse(instead)
  }
  const response = await forward(request, ask, gateway, verdict)
  record(ask, gateway, verdict, response.status, began)
  return response
}

/** Whether a rule wants sockets of nobody accepted and closed with a code, which is all a browser can read. */
export function isClosedPolitely(verdict: Verdict): boolean {
  return verdict.kind === 'challenge' && verdict.rule?.websocket.unauthenticated === 'accept-then-close'
}

function politely(verdict: Verdict, request: Request, gateway: Gateway): Response | null {
  if (request.headers.get('upgrade') === null || !isClosedPolitely(verdict)) return null
  const [first = ''] = (request.headers.get('sec-websocket-protocol') ?? '').split(',')
  return gateway.upstream.closeAtOnce?.(first.trim() === '' ? null : first.trim(), 4401, 'sign in') ?? null
}

type Allowed = Extract<Verdict, { readonly kind: 'allow' }>

async function forward(request: Request, ask: Ask, gateway: Gateway, { rule, subject }: Allowed): Promise<Response> {
  const upstream = upstreamOf(rule, gateway)
  const target = upstreamTarget(ask, upstream)
  if (target === null) return toResponse(refuse(ask, gateway, 'not-found', { rule, subject }))
  const identity = await gateway.identity.headers(subject, gateway.policy(), upstream)
  const dressed = dress(ask, request.headers, request.headers.get('connection'), subject, upstream, identity, gateway)
  const headers = await signed(dressed, identity, request.method, target, upstream, gateway)
  if (ask.front === 'socket') headers.push(['upgrade', 'websocket'], ['connection', 'Upgrade'])
  const response = await gateway.upstream.send({
    upstream: upstream.name,
    url: `${upstream.url}${target}`,
    method: request.method,
    headers: new Headers(headers),
    body: request.body,
    signal: request.signal,
    responseTimeoutMs: rule.timeoutSeconds === null ? upstream.responseTimeoutMs : rule.timeoutSeconds * 1000,
    lease: ask.front === 'socket' ? leaseTerms(ask, rule, subject) : null,
  })
  return undress(response)
}

/** The upstream of a rule. */
export function upstreamOf(rule: Rule, gateway: Gateway): Upstream {
  const upstream = gateway.config.upstreams.find((candidate) => candidate.name === rule.upstream)
  // INVARIANT: the policy is checked against the configured upstreams before it serves.
  if (upstream === undefined)
    throw new Error(`rule ${rule.id} names upstream "${rule.upstream}", which is not configured`)
  return upstream
}
