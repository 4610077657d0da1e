import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from 'ws'
import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { isBelow } from '../core/target.ts'
import { firstOffer, offeredProtocols, ticketEcho, withoutTicketProtocols } from '../core/ticket.ts'
import { refuse } from '../pages/refuse.ts'
import { answer } from '../pipeline/answer.ts'
import { authorize } from '../pipeline/authorize.ts'
import { dress, signed, upstreamTarget } from '../pipeline/dress.ts'
import { failure, unaskable } from '../pipeline/failure.ts'
import { upstreamOf } from '../pipeline/forward.ts'
import type { Arrival } from '../pipeline/intake.ts'
import { type Closing, leaseTerms, politeClosing } from '../pipeline/lease.ts'
import { isLimited, withinLimits } from '../pipeline/limits.ts'
import { isClosedPolitely } from '../pipeline/proxy.ts'
import { record } from '../pipeline/record.ts'
import type { Verdict } from '../pipeline/verdict.ts'
import type { Gateway } from '../ports/gateway.ts'
import { UpstreamFailed } from '../ports/upstream.ts'
import { pairsOf } from './node-headers.ts'
import { askFromIncoming } from './node-intake.ts'
import { type PumpRoom, pump } from './node-pump.ts'
import { refuseUpgrade, relayRefusal } from './node-refusal.ts'

/** Largest message either way, bytes. */
const MAX_MESSAGE = 16 * 1024 * 1024

type Allowed = Extract<Verdict, { readonly kind: 'allow' }>

/** One upgrade on its way: what Node hands over. */
interface Upgrade {
  readonly incoming: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

/** The upstream's side of an upgrade, or the answer with which it refused. */
type Leg =
  | { readonly kind: 'open'; readonly socket: WebSocket }
  | { readonly kind: 'refused'; readonly response: IncomingMessage }

function offerOf(incoming: IncomingMessage): string | null {
  return incoming.headers['sec-websocket-protocol'] ?? null
}

/** What the upstream is offered: everything but our tickets. */
function upstreamOffer(incoming: IncomingMessage): string[] {
  const offer = offerOf(incoming)
  return offer === null ? [] : [...offeredProtocols(withoutTicketProtocols(offer))]
}

function plainHeaders(pairs: readonly (readonly [string, string])[]): Record<string, string | string[]> {
  const plain: Record<string, string | string[]> = {}
  for (const [name, value] of pairs) {
    if (name.toLowerCase() === 'sec-websocket-protocol') continue
    const before = plain[name]
    plain[name] = before === undefined ? value : [before, value].flat()
  }
  return plain
}

/** Opens the upstream's side first: only a socket that is there is promised to the client. */
function connectUpstream(
  url: string,
  protocols: string[],
  headers: Record<string, string | string[]>,
  timeoutMs: number,
): Promise<Leg> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, protocols, {
      headers: headers as Record<string, string>,
      followRedirects: false,
      handshakeTimeout: timeoutMs,
      maxPayload: MAX_MESSAGE,
    })
    socket.binaryType = 'nodebuffer'
    // WHY: paused at once: frames that come before the client's side stands are kept; the upstream may speak first.
    socket.once('open', () => {
      socket.pause()
      resolve({ kind: 'open', socket })
    })
    socket.once('unexpected-response', (_request, response) => resolve({ kind: 'refused', response }))
    socket.on('error', (error) => {
      const isLate = /handshake has timed out/i.test(error.message)
      const isRude = /^(Invalid|Server sent|Unexpected)/.test(error.message)
      reject(new UpstreamFailed(isLate ? 'timeout' : isRude ? 'upgrade-refused' : 'unreachable', error.name))
    })
  })
}

/** What the upgrades of a process need. */
export interface SocketFront {
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer, arrival: Arrival): Promise<void>
}

/** Upgrades on Node and Deno: decide, connect the upstream first, accept with its subprotocol, pump under a lease. */
export function nodeSockets(room: PumpRoom): SocketFront {
  const server = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE, perMessageDeflate: true })
  const { gateway } = room
  const accept = ({ incoming, socket, head }: Upgrade, ask: Ask, { rule, subject }: Allowed, upstream: WebSocket) => {
    let isAccepted = false
    const chosen = upstream.protocol === '' ? ticketEcho(offerOf(incoming)) : upstream.protocol
    server.handleUpgrade(withProtocol(incoming, chosen), socket, head, (client) => {
      isAccepted = true
      const terms = leaseTerms(ask, rule, subject)
      pump({ client, upstream, requestId: ask.requestId, rule: rule.id, terms }, room)
    })
    // ATTACK: a handshake that the library refuses, or a client that is gone by now, would leave this leg open for ever
    // (CVE-2026-73565).
    if (!isAccepted) upstream.terminate()
  }
  /** Browsers cannot read a refused upgrade: a rule may ask for a close code instead. */
  const acceptThenClose = ({ incoming, socket, head }: Upgrade, { code, reason }: Closing) => {
    server.handleUpgrade(withProtocol(incoming, firstOffer(offerOf(incoming))), socket, head, (client) =>
      client.close(code, reason),
    )
  }
  return {
    async upgrade(incoming, socket, head, arrival) {
      const began = gateway.runtime.ticks()
      socket.on('error', () => socket.destroy())
      const asked = askFromIncoming(incoming, arrival, gateway.config)
      if (!asked.ok) return refuseUpgrade(socket, unaskable(asked.fault, arrival, gateway))
      const ask = asked.value
      const upgrade = { incoming, socket, head }
      try {
        if (isBelow(ask.target.path, gateway.config.prefix))
          return refuseUpgrade(socket, refuse(ask, gateway, 'not-found'))
        const judged = await authorize(ask, gateway)
        const isCounted = judged.kind === 'allow' && isLimited(judged.rule)
        const verdict = isCounted ? await withinLimits(ask, gateway, judged) : judged
        if (verdict.kind !== 'allow') {
          const refused = answer(verdict, ask, gateway)
          record(ask, gateway, verdict, refused.status, began)
          return isClosedPolitely(verdict)
            ? acceptThenClose(upgrade, politeClosing(verdict))
            : refuseUpgrade(socket, refused)
        }
        const leg = await open(incoming, ask, verdict, gateway)
        record(ask, gateway, verdict, statusOf(leg), began)
        if (leg.kind === 'open') accept(upgrade, ask, verdict, leg.socket)
        else if (leg.kind === 'refused') relayRefusal(socket, leg.response)
        else refuseUpgrade(socket, leg.answer)
      } catch (error) {
        refuseUpgrade(socket, failure(error instanceof Error ? error : new Error(String(error)), ask, arrival, gateway))
      }
    },
  }
}

type Opened = Leg | { readonly kind: 'no-target'; readonly answer: Answer }

function statusOf(leg: Opened): number {
  if (leg.kind === 'open') return 101
  return leg.kind === 'refused' ? (leg.response.statusCode ?? 502) : leg.answer.status
}

async function open(incoming: IncomingMessage, ask: Ask, allowed: Allowed, gateway: Gateway): Promise<Opened> {
  const { rule, subject } = allowed
  const to = upstreamOf(rule, gateway)
  const target = upstreamTarget(ask, to)
  if (target === null) return { kind: 'no-target', answer: refuse(ask, gateway, 'not-found', { rule, subject }) }
  const identity = await gateway.identity.headers(subject, gateway.policy(), to)
  const connection = incoming.headers.connection ?? null
  const dressed = dress(ask, pairsOf(incoming.rawHeaders), connection, subject, to, identity, gateway)
  const headers = await signed(dressed, identity, 'GET', target, to, gateway)
  const url = `${to.url.replace(/^http/, 'ws')}${target}`
  return connectUpstream(url, upstreamOffer(incoming), plainHeaders(headers), to.responseTimeoutMs)
}

// WHY: the library answers with the client's first offer; the upstream's choice is the one that counts.
function withProtocol(incoming: IncomingMessage, chosen: string | null): IncomingMessage {
  if (chosen === null) delete incoming.headers['sec-websocket-protocol']
  else incoming.headers['sec-websocket-protocol'] = chosen
  return incoming
}
