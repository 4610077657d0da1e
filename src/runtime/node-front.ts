import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import type { Subject } from '../core/person.ts'
import { isBelow } from '../core/target.ts'
import { refuse } from '../pages/refuse.ts'
import { withheldFrom } from '../pipeline/abroad.ts'
import { answer } from '../pipeline/answer.ts'
import { authorize } from '../pipeline/authorize.ts'
import { dress, dressRaw, type HeaderPairs, signed, upstreamTarget } from '../pipeline/dress.ts'
import { failure, unaskable } from '../pipeline/failure.ts'
import { type Allowed, timeoutOf, upstreamOf } from '../pipeline/forward.ts'
import type { HeldBody } from '../pipeline/held-body.ts'
import type { Arrival } from '../pipeline/intake.ts'
import { isLimited, withinLimits } from '../pipeline/limits.ts'
import { isPreflight, preflight } from '../pipeline/preflight.ts'
import { isPersonal } from '../pipeline/private.ts'
import { record } from '../pipeline/record.ts'
import type { Verdict } from '../pipeline/verdict.ts'
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

/** A request that can be answered. */
interface Passenger {
  readonly outgoing: ServerResponse
  readonly arrival: Arrival
  readonly ask: Ask
  readonly gateway: Gateway
}

/** One request on its way through the front. */
interface Crossing extends Passenger {
  readonly incoming: IncomingMessage
  readonly upstreams: Pick<NodeUpstreams, 'stream'>
  readonly room: PumpRoom
  readonly held: HeldBody | null
  readonly isPreflight: boolean
  readonly began: number
}

/** The one place where something thrown becomes an answer. */
function failed({ ask, arrival, gateway, outgoing }: Passenger, error: unknown): void {
  const thrown = error instanceof Error ? error : new Error(String(error))
  toServerResponse(failure(thrown, ask, arrival, gateway), outgoing)
}

/** The end of a request that was decided about: what came of it is in its answer. */
function finished(crossing: Crossing, verdict: Verdict): void {
  const { ask, gateway, outgoing, began } = crossing
  try {
    record(ask, gateway, verdict, outgoing.statusCode, began)
  } catch (error) {
    // WHY: a hop would take what is thrown here for a failure of its upstream.
    failed(crossing, error)
  }
}

function forward(crossing: Crossing, allowed: Allowed): void {
  const { incoming, outgoing, ask, gateway, upstreams, room } = crossing
  const { rule, subject } = allowed
  const upstream = upstreamOf(rule, gateway)
  const target = upstreamTarget(ask, upstream)
  if (target === null) {
    toServerResponse(refuse(ask, gateway, 'not-found', { rule, subject }), outgoing)
    finished(crossing, allowed)
    return
  }
  const send = (headers: string[]) => {
    invite(incoming, outgoing)
    upstreams.stream(upstream, {
      target,
      method: ask.method,
      headers,
      incoming,
      outgoing,
      responseTimeoutMs: timeoutOf(rule, upstream),
      audience: isPersonal(ask, subject) ? 'one' : 'all',
      withheld: withheldFrom(ask, subject, rule, gateway.config),
      began: (raw) => holdRaw(raw, outgoing, ask, allowed, room),
      ended(problem) {
        if (problem === null) finished(crossing, allowed)
        else failed(crossing, problem)
      },
    })
  }
  const dressing = headersFor(incoming, ask, allowed, upstream, target, gateway)
  if (dressing instanceof Promise) dressing.then(send).catch((error: unknown) => failed(crossing, error))
  else send(dressing)
}

/** What a verdict comes to. */
function proceed(crossing: Crossing, judged: Verdict): void {
  const { ask, gateway, outgoing, isPreflight: isAhead } = crossing
  if (judged.kind !== 'allow') {
    toServerResponse(answer(judged, ask, gateway), outgoing)
    finished(crossing, judged)
    return
  }
  const following = followUp(ask, gateway, judged.rule, judged.subject)
  const isLooked = isLimited(judged.rule, judged.subject) || (!isAhead && isWatched(judged.rule, ask))
  if (following === null && !isLooked) forward(crossing, judged)
  else proceedLooking(crossing, judged, following).catch((error: unknown) => failed(crossing, error))
}

/** The same where something has to be waited for first, or the body is looked at on its way. */
async function proceedLooking(crossing: Crossing, judged: Allowed, following: Promise<Answer | null> | null) {
  const { incoming, outgoing, ask, gateway, held, isPreflight: isAhead } = crossing
  const instead = following === null ? null : await following
  const isCounted = instead === null && isLimited(judged.rule, judged.subject)
  const verdict = isCounted ? await withinLimits(ask, gateway, judged, held?.size ?? null) : judged
  if (verdict.kind === 'allow' && instead === null && (isAhead || !isWatched(verdict.rule, ask))) {
    forward(crossing, verdict)
    return
  }
  if (verdict.kind !== 'allow') toServerResponse(answer(verdict, ask, gateway), outgoing)
  else if (instead !== null) toServerResponse(instead, outgoing)
  else await streamWatched(incoming, outgoing, held, ask, gateway, verdict)
  finished(crossing, verdict)
}

/**
 * The fast front of Node: a raw request in, a raw answer out, no Request or Response objects on the way. The same
 * decision as every other front.
 *
 * WHY: nothing is awaited that is there at once, and most requests come to nothing else: each promise costs a turn, and a
 * hundredth of what a request does.
 */
export function nodeFront(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  arrival: Arrival,
  gateway: Gateway,
  upstreams: Pick<NodeUpstreams, 'stream'>,
  room: PumpRoom,
): void {
  const began = arrival.began ?? gateway.runtime.ticks()
  const asked = askFromIncoming(incoming, arrival, gateway.config)
  if (asked.ok) cross(incoming, { outgoing, arrival, ask: asked.value, gateway }, upstreams, room, began)
  else toServerResponse(unaskable(asked.fault, arrival, gateway), outgoing)
}

function cross(
  incoming: IncomingMessage,
  passenger: Passenger,
  upstreams: Pick<NodeUpstreams, 'stream'>,
  room: PumpRoom,
  began: number,
): void {
  const { outgoing, ask, gateway } = passenger
  try {
    const met = isPreflight(ask, gateway) && !hasBody(incoming) ? preflight(ask, gateway) : null
    if (isBelow(ask.target.path, gateway.config.prefix)) toServerResponse(refuse(ask, gateway, 'not-found'), outgoing)
    else if (met?.kind === 'answered') toServerResponse(met.answer, outgoing)
    else {
      const held = heldIncoming(incoming, outgoing, ask, gateway.config)
      const crossing = { ...passenger, incoming, upstreams, room, held, isPreflight: met !== null, began }
      const judged = met?.verdict ?? authorize(ask, gateway, held)
      if (judged instanceof Promise)
        judged.then((verdict) => proceed(crossing, verdict)).catch((error: unknown) => failed(passenger, error))
      else proceed(crossing, judged)
    }
  } catch (error) {
    failed(passenger, error)
  }
}
