import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { isBelow } from '../core/target.ts'
import { refuse } from '../pages/refuse.ts'
import { answer } from '../pipeline/answer.ts'
import { authorize } from '../pipeline/authorize.ts'
import { dress, signed, upstreamTarget } from '../pipeline/dress.ts'
import { failure, unaskable } from '../pipeline/failure.ts'
import type { Arrival } from '../pipeline/intake.ts'
import { isPreflight, preflight } from '../pipeline/preflight.ts'
import { upstreamOf } from '../pipeline/proxy.ts'
import { record } from '../pipeline/record.ts'
import type { Verdict } from '../pipeline/verdict.ts'
import type { Gateway } from '../ports/gateway.ts'
import { followUp } from '../session/follow-up.ts'
import { pairsOf } from './node-headers.ts'
import { askFromIncoming } from './node-intake.ts'
import type { NodeUpstreams } from './node-upstreams.ts'

/** Writes a finished answer of our own. */
export function toServerResponse(finished: Answer, outgoing: ServerResponse): void {
  if (outgoing.headersSent) {
    outgoing.destroy()
    return
  }
  outgoing.writeHead(finished.status, finished.headers.flat())
  outgoing.end(finished.body ?? undefined)
}

type Allowed = Extract<Verdict, { readonly kind: 'allow' }>

async function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  ask: Ask,
  allowed: Allowed,
  gateway: Gateway,
  upstreams: NodeUpstreams,
) {
  const { rule, subject } = allowed
  const upstream = upstreamOf(rule, gateway)
  const target = upstreamTarget(ask, upstream)
  if (target === null) return toServerResponse(refuse(ask, gateway, 'not-found', { rule, subject }), outgoing)
  const identity = await gateway.identity.headers(subject, gateway.policy(), upstream)
  const connection = incoming.headers.connection ?? null
  const dressed = dress(ask, pairsOf(incoming.rawHeaders), connection, subject, upstream, identity, gateway)
  const headers = await signed(dressed, identity, ask.method, target, upstream, gateway)
  await upstreams.stream(upstream, {
    target,
    method: ask.method,
    headers: headers.flat(),
    incoming,
    outgoing,
    responseTimeoutMs: rule.timeoutSeconds === null ? upstream.responseTimeoutMs : rule.timeoutSeconds * 1000,
  })
}

/**
 * The fast front of Node: a raw request in, a raw answer out, no Request or Response objects on the way. The same
 * decision as every other front.
 */
export async function nodeFront(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  arrival: Arrival,
  gateway: Gateway,
  upstreams: NodeUpstreams,
): Promise<void> {
  const began = gateway.runtime.ticks()
  const asked = askFromIncoming(incoming, arrival, gateway.config)
  if (!asked.ok) return toServerResponse(unaskable(asked.fault, arrival, gateway), outgoing)
  const ask = asked.value
  try {
    if (isBelow(ask.target.path, gateway.config.prefix))
      return toServerResponse(refuse(ask, gateway, 'not-found'), outgoing)
    const granted = isPreflight(ask) ? preflight(ask, gateway) : null
    if (granted !== null) return toServerResponse(granted, outgoing)
    const verdict = await authorize(ask, gateway)
    if (verdict.kind === 'allow') {
      const instead = await followUp(ask, gateway, verdict.rule, verdict.subject)
      if (instead === null) await forward(incoming, outgoing, ask, verdict, gateway, upstreams)
      else toServerResponse(instead, outgoing)
    } else {
      toServerResponse(answer(verdict, ask, gateway), outgoing)
    }
    record(ask, gateway, verdict, outgoing.statusCode, began)
  } catch (error) {
    toServerResponse(
      failure(error instanceof Error ? error : new Error(String(error)), ask, arrival, gateway),
      outgoing,
    )
  }
}
