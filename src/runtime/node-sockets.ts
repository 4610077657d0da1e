import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { isBelow } from '../core/target.ts'
import { firstOffer, offeredProtocols, ticketEcho, withoutTicketProtocols } from '../core/ticket.ts'
import { refuse } from '../pages/refuse.ts'
import { answer } from '../pipeline/answer.ts'
import { authorize } from '../pipeline/authorize.ts'
import { dress, signed, upstreamTarget } from '../pipeline/dress.ts'
import { failure, unaskable } from '../pipeline/failure.ts'
import { timeoutOf, upstreamOf } from '../pipeline/forward.ts'
import type { Arrival } from '../pipeline/intake.ts'
import { type Closing, holderOf, leaseTerms, politeClosing } from '../pipeline/lease.ts'
import { isLimited, settleQuota, withinLimits } from '../pipeline/limits.ts'
import { isClosedPolitely } from '../pipeline/proxy.ts'
import { record } from '../pipeline/record.ts'
import type { Verdict } from '../pipeline/verdict.ts'
import type { Gateway } from '../ports/gateway.ts'
import { pairsOf } from './node-headers.ts'
import { askFromIncoming } from './node-intake.ts'
import { isCompressed, type Leg, openLeg } from './node-leg.ts'
import { type PumpRoom, pump } from './node-pump.ts'
import { isRefusal, refuseUpgrade, relayRefusal, servedInstead } from './node-refusal.ts'
import type { NodeUpstreams } from './node-upstreams.ts'
import { Seats } from './seats.ts'

/**
 * Compression of the client's leg, where the service has it on its own. Small windows and pieces, because a socket that
 * has talked keeps them for as long as it is open, and no context between messages: so a short one builds no compressor.
 */
const DEFLATE = {
  serverMaxWindowBits: 10,
  clientMaxWindowBits: 10,
  serverNoContextTakeover: true,
  zlibDeflateOptions: { memLevel: 3, chunkSize: 4 * 1024 },
  zlibInflateOptions: { chunkSize: 4 * 1024 },
  threshold: 1024,
} as const

type Allowed = Extract<Verdict, { readonly kind: 'allow' }>

/** One upgrade on its way: what Node hands over. */
interface Upgrade {
  readonly incoming: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

function offerOf(incoming: IncomingMessage): string | null {
  return incoming.headers['sec-websocket-protocol'] ?? null
}

/** What the upstream is offered: everything but our tickets. */
function upstreamOffer(incoming: IncomingMessage): string[] {
  const offer = offerOf(incoming)
  return offer === null ? [] : [...offeredProtocols(withoutTicketProtocols(offer))]
}

/** What the upgrades of a process need. */
export interface SocketFront {
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer, arrival: Arrival): Promise<void>
  /** From now on every upgrade is asked to come back: this process ends. */
  refuseNew(): void
}

const VERSION = [['sec-websocket-version', '13'] as const]

/** Whether an upgrade is a handshake of RFC 6455 section 4.1; the library would look only when the upstream stands. */
function isHandshake({ headers }: IncomingMessage): boolean {
  const key = headers['sec-websocket-key'] ?? ''
  return headers['sec-websocket-version'] === '13' && /^[+/0-9A-Za-z]{22}==$/.test(key)
}

/** Who is bounded in what they may hold; null: machines of the configuration are not. */
function boundedHolder({ subject }: Allowed): string | null {
  return subject === null || subject.kind === 'fixed-token' ? null : holderOf(subject)
}

/** Whether a holder has as many leased sockets as one may have, those that are being opened included. */
function isFull({ subject }: Allowed, { leases, gateway }: PumpRoom, opening: number): boolean {
  return subject !== null && leases.heldBy(subject) + opening >= gateway.config.sockets.perSession
}

function tooMany(ask: Ask, { rule, subject }: Allowed, gateway: Gateway): Opened {
  const problem = `a session may have ${gateway.config.sockets.perSession} sockets open: close one first`
  const members = { problem }
  const headers = [['retry-after', '5'] as const]
  return { kind: 'answered', answer: refuse(ask, gateway, 'rate-limited', { rule, subject, members, headers }) }
}

/** Upgrades on Node and Deno: decide, connect the upstream first, accept with its subprotocol, pump under a lease. */
export function nodeSockets(room: PumpRoom, upstreams: Pick<NodeUpstreams, 'lineTo'>): SocketFront {
  const { gateway } = room
  const { config } = gateway
  const seats = new Seats()
  let isDraining = false
  const accepting = { noServer: true, maxPayload: config.sockets.maxMessageBytes }
  const server = new WebSocketServer({ ...accepting, perMessageDeflate: false })
  const compressing = new WebSocketServer({ ...accepting, perMessageDeflate: DEFLATE })
  const accept = ({ incoming, socket, head }: Upgrade, ask: Ask, allowed: Allowed, leg: OpenLeg) => {
    const { rule, subject } = allowed
    const { socket: upstream, protocol } = leg
    let isAccepted = false
    const chosen = protocol === '' ? ticketEcho(offerOf(incoming)) : protocol
    // WHY: players get compression where their service gives it, as they would without us; elsewhere it costs memory only.
    const accepted = isCompressed(upstream) ? compressing : server
    accepted.handleUpgrade(withProtocol(incoming, chosen), socket, head, (client) => {
      isAccepted = true
      const terms = leaseTerms(ask, rule, subject)
      const { reconnectCode } = upstreamOf(rule, gateway)
      pump({ client, upstream, requestId: ask.requestId, rule: rule.id, terms, reconnectCode }, room)
    })
    // ATTACK: a handshake that the library refuses, or a client that is gone by now, would leave this leg open for ever
    // (CVE-2026-73565).
    if (!isAccepted) upstream.terminate()
  }
  /** The service's side first, then the client's; or why not. */
  const enter = async (upgrade: Upgrade, ask: Ask, allowed: Allowed, began: number) => {
    const { incoming, socket } = upgrade
    const holder = boundedHolder(allowed)
    const full = holder !== null && isFull(allowed, room, seats.of(holder))
    const seat = full || allowed.rule.websocket.lease === 'off' ? null : holder
    if (seat !== null) seats.take(seat)
    let isServed = false
    try {
      const leg = full ? tooMany(ask, allowed, gateway) : await open(incoming, ask, allowed, gateway, upstreams)
      isServed = leg.kind === 'refused' && !isRefusal(leg.response)
      if (leg.kind === 'refused' && isServed) throw await servedInstead(leg.response, ask, gateway, allowed)
      record(ask, gateway, allowed, statusOf(leg), began, leg.kind === 'answered' ? leg.answer.code : undefined)
      if (leg.kind === 'open') accept(upgrade, ask, allowed, leg)
      else if (leg.kind === 'refused') relayRefusal(socket, leg.response)
      else refuseUpgrade(socket, leg.answer)
    } finally {
      if (seat !== null) seats.giveBack(seat)
      // WHY: nothing waits for it: a service's side that is open must find its pump at once.
      if (!isServed) void settleQuota(gateway, allowed, 'failure')
    }
  }
  /** Browsers cannot read a refused upgrade: a rule may ask for a close code instead. */
  const acceptThenClose = ({ incoming, socket, head }: Upgrade, { code, reason }: Closing) => {
    server.handleUpgrade(withProtocol(incoming, firstOffer(offerOf(incoming))), socket, head, (client) => {
      // ATTACK: what is being closed is still read: one broken frame of anybody, unheard, would end the whole process.
      client.on('error', () => client.terminate())
      client.close(code, reason)
    })
  }
  return {
    refuseNew() {
      isDraining = true
    },
    async upgrade(incoming, socket, head, arrival) {
      const began = gateway.runtime.ticks()
      socket.on('error', () => socket.destroy())
      const asked = askFromIncoming(incoming, arrival, gateway.config)
      if (!asked.ok) return refuseUpgrade(socket, unaskable(asked.fault, arrival, gateway))
      const ask = asked.value
      if (isDraining)
        return refuseUpgrade(socket, refuse(ask, gateway, 'overloaded', { headers: [['retry-after', '2']] }))
      // ATTACK: what is no handshake costs no store read and no upstream's connection (CVE-2026-73565).
      if (!isHandshake(incoming)) return refuseUpgrade(socket, refuse(ask, gateway, 'bad-method', { headers: VERSION }))
      const upgrade = { incoming, socket, head }
      try {
        if (isBelow(ask.target.path, gateway.config.prefix))
          return refuseUpgrade(socket, refuse(ask, gateway, 'not-found'))
        const judged = await authorize(ask, gateway)
        const isCounted = judged.kind === 'allow' && isLimited(judged.rule, judged.subject)
        const verdict = isCounted ? await withinLimits(ask, gateway, judged) : judged
        if (verdict.kind !== 'allow') {
          const refused = answer(verdict, ask, gateway)
          record(ask, gateway, verdict, refused.status, began)
          return isClosedPolitely(verdict)
            ? acceptThenClose(upgrade, politeClosing(verdict))
            : refuseUpgrade(socket, refused)
        }
        await enter(upgrade, ask, verdict, began)
      } catch (error) {
        refuseUpgrade(socket, failure(error instanceof Error ? error : new Error(String(error)), ask, arrival, gateway))
      }
    },
  }
}

type OpenLeg = Extract<Leg, { readonly kind: 'open' }>

type Opened = Leg | { readonly kind: 'answered'; readonly answer: Answer }

function statusOf(leg: Opened): number {
  if (leg.kind === 'open') return 101
  return leg.kind === 'refused' ? (leg.response.statusCode ?? 502) : leg.answer.status
}

async function open(
  incoming: IncomingMessage,
  ask: Ask,
  allowed: Allowed,
  gateway: Gateway,
  upstreams: Pick<NodeUpstreams, 'lineTo'>,
): Promise<Opened> {
  const { rule, subject } = allowed
  const to = upstreamOf(rule, gateway)
  const target = upstreamTarget(ask, to)
  if (target === null) return { kind: 'answered', answer: refuse(ask, gateway, 'not-found', { rule, subject }) }
  const identity = await gateway.identity.headers(subject, gateway.policy(), to)
  const connection = incoming.headers.connection ?? null
  const dressed = dress(ask, pairsOf(incoming.rawHeaders), connection, subject, to, identity, gateway)
  const headers = await signed(dressed, identity, 'GET', target, to, gateway)
  return openLeg(upstreams.lineTo(to.name), {
    origin: to.url.replace(/^http/, 'ws'),
    target,
    protocols: upstreamOffer(incoming),
    headers,
    connectTimeoutMs: to.connectTimeoutMs,
    responseTimeoutMs: timeoutOf(rule, to),
    maxMessage: gateway.config.sockets.maxMessageBytes,
    compression: /\bpermessage-deflate\b/.test(incoming.headers['sec-websocket-extensions'] ?? '') ? 'offered' : 'none',
  })
}

// WHY: the library answers with the client's first offer; the upstream's choice is the one that counts.
function withProtocol(incoming: IncomingMessage, chosen: string | null): IncomingMessage {
  if (chosen === null) delete incoming.headers['sec-websocket-protocol']
  else incoming.headers['sec-websocket-protocol'] = chosen
  return incoming
}
