import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Ask } from '../core/ask.ts'
import type { Subject } from '../core/person.ts'
import { isBelow } from '../core/target.ts'
import { refuse } from '../pages/refuse.ts'
import { answer } from '../pipeline/answer.ts'
import { authorize } from '../pipeline/authorize.ts'
import { dress, dressRaw, type HeaderPairs, signed, upstreamTarget } from '../pipeline/dress.ts'
import { failure, unaskable } from '../pipeline/failure.ts'
import { type Allowed, timeoutOf, upstreamOf } from '../pipeline/forward.ts'
import type { Arrival } from '../pipeline/intake.ts'
import { isLimited, withinLimits } from '../pipeline/limits.ts'
import { isPreflight, preflight } from '../pipeline/preflight.ts'
import { isPersonal } from '../pipeline/private.ts'
import { record } from '../pipeline/record.ts'
import { isWatched } from '../pipeline/watch.ts'
import type { Upstream } from '../ports/config.ts'
import type { Gateway } from '../ports/gateway.ts'
import { followUp } from '../session/follow-up.ts'
import { hasBody, invite, toServerResponse } from './node-answer.ts'
import { pairsOf } from './node-headers.ts'
import { askFromIncoming } from './node-intake.ts'
import type { PumpRoom } from './node-pump.ts'
import { holdRaw } from './node-stream.ts'
import type { NodeUpstreams } from './node-upstreams.ts'
import { heldIncoming, streamWatched } from './node-watch.ts'

/** What the upstream is sent, flat; signed where it asks for a signature. */
function headersFor(
  incoming: IncomingMessage,
  ask: Ask,
  { subject }: Allowed,
  upstream: Upstream,
  target: string,
  gateway: Gateway,
): string[] | Promise<string[]> {
  const written = gateway.identity.headers(subject, gateway.policy(), upstream)
  const dressed = (identity: HeaderPairs) => headersWith(identity, incoming, ask, subject, upstream, target, gateway)
  return written instanceof Promise ? written.then(dressed) : dressed(written)
}

function headersWith(
  identity: HeaderPairs,
  { rawHeaders, headers: named }: IncomingMessage,
  ask: Ask,
  subject: Subject | null,
  upstream: Upstream,
  target: string,
  gateway: Gateway,
): string[] | Promise<string[]> {
  const connection = named.connection ?? null
  if (upstream.sign === 'none') return dressRaw(ask, rawHeaders, connection, subject, upstream, identity, gateway)
  const pairs = dress(ask, pairsOf(rawHeaders), connection, subject, upstream, identity, gateway)
  return signed(pairs, identity, ask.method, target, upstream, gateway).then((all) => all.flat())
}

// WHY: no `async` of its own, as `stream` has none: on the way of every request each costs a promise and a turn.
function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  ask: Ask,
  allowed: Allowed,
  gateway: Gateway,
  upstreams: NodeUpstreams,
  room: PumpRoom,
): Promise<void> | void {
  const { rule, subject } = allowed
  const upstream = upstreamOf(rule, gateway)
  const target = upstreamTarget(ask, upstream)
  if (target === null) return toServerResponse(refuse(ask, gateway, 'not-found', { rule, subject }), outgoing)
  const send = (headers: string[]) => {
    invite(incoming, outgoing)
    return upstreams.stream(upstream, {
      target,
      method: ask.method,
      headers,
      incoming,
      outgoing,
      responseTimeoutMs: timeoutOf(rule, upstream),
      audience: isPersonal(ask, subject) ? 'one' : 'all',
      began: (raw) => holdRaw(raw, outgoing, ask, allowed, room),
    })
  }
  const dressing = headersFor(incoming, ask, allowed, upstream, target, gateway)
  return dressing instanceof Promise ? dressing.then(send) : send(dressing)
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
  room: PumpRoom,
): Promise<void> {
  const began = gateway.runtime.ticks()
  const asked = askFromIncoming(incoming, arrival, gateway.config)
  if (!asked.ok) return toServerResponse(unaskable(asked.fault, arrival, gateway), outgoing)
  const ask = asked.value
  try {
    if (isBelow(ask.target.path, gateway.config.prefix))
      return toServerResponse(refuse(ask, gateway, 'not-found'), outgoing)
    const met = isPreflight(ask) && !hasBody(incoming) ? preflight(ask, gateway) : null
    if (met?.kind === 'answered') return toServerResponse(met.answer, outgoing)
    const held = heldIncoming(incoming, outgoing, ask)
    // WHY: what is known at once is not waited for: every `await` costs a turn, and most requests need none up to here.
    const judging = met?.verdict ?? authorize(ask, gateway, held)
    const judged = judging instanceof Promise ? await judging : judging
    const following = judged.kind === 'allow' ? followUp(ask, gateway, judged.rule, judged.subject) : null
    const instead = following === null ? null : await following
    const isCounted = instead === null && judged.kind === 'allow' && isLimited(judged.rule, judged.subject)
    const verdict = isCounted ? await withinLimits(ask, gateway, judged, held?.size ?? null) : judged
    if (verdict.kind !== 'allow') toServerResponse(answer(verdict, ask, gateway), outgoing)
    else if (instead !== null) toServerResponse(instead, outgoing)
    else if (met === null && isWatched(verdict.rule, ask))
      await streamWatched(incoming, outgoing, held, ask, gateway, verdict)
    else await forward(incoming, outgoing, ask, verdict, gateway, upstreams, room)
    record(ask, gateway, verdict, outgoing.statusCode, began)
  } catch (error) {
    toServerResponse(
      failure(error instanceof Error ? error : new Error(String(error)), ask, arrival, gateway),
      outgoing,
    )
  }
}
