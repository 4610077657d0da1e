import type { WebSocket } from 'ws'
import type { Closing, Lease } from '../pipeline/lease.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { LeaseTerms } from '../ports/upstream.ts'
import { slide } from '../session/slide.ts'
import type { LeaseBook } from './lease-book.ts'
import { passMessages } from './node-flow.ts'
import type { Heartbeat } from './node-heartbeat.ts'

/** How often and how many times it is looked whether every client has answered its close. */
const GOODBYE_LOOK_MS = 50
const GOODBYE_LOOKS = 40

/** Two open sockets and what binds them. */
export interface Pair {
  readonly client: WebSocket
  readonly upstream: WebSocket
  readonly requestId: string
  readonly rule: string
  /** Null: nothing but the two peers ends it. */
  readonly terms: LeaseTerms | null
  /** With which code the client is told to come back. */
  readonly reconnectCode: number
}

/** What the pumps of a process share. */
export interface PumpRoom {
  readonly gateway: Gateway
  readonly leases: LeaseBook
  /** Every open pair, leased or not, for the end of the process. */
  readonly open: Set<(closing: Closing) => void>
  readonly beats: Heartbeat
}

/** Passes messages both ways, ends both together, and holds the lease. */
export function pump(pair: Pair, room: PumpRoom): void {
  const { client, upstream, terms } = pair
  const began = room.gateway.runtime.ticks()
  let by: 'client' | 'upstream' | 'gateway' = 'gateway'
  let said: number | null = null
  const end = (closing: Closing) => {
    // WHY: a leg that waits for the other one to catch up would never read the answer to its close.
    for (const leg of [client, upstream]) leg.resume()
    const code = closing.code === 1012 ? pair.reconnectCode : closing.code
    if (client.readyState === client.OPEN && upstream.readyState === upstream.OPEN) said ??= code
    client.close(code, closing.reason)
    // WHY: to the service an end made here is a player who left; what ended it is not its business.
    upstream.close(1001)
  }
  const lease = leaseOf(terms, end, room)
  const age =
    terms === null || terms.maxAgeSeconds === null
      ? null
      : setTimeout(() => end({ code: 1012, reason: 'reconnect' }), terms.maxAgeSeconds * 1000)
  const { beats, gateway } = room
  for (const leg of [client, upstream]) beats.add(leg)
  room.open.add(end)
  observeStart(pair, lease, gateway)
  const maxMessage = gateway.config.sockets.maxMessageBytes
  const stuck = () => end({ code: 1013, reason: 'too slow' })
  passMessages(client, upstream, { maxMessage, stuck, seen: () => active(lease, terms, gateway) })
  passMessages(upstream, client, { maxMessage, stuck, seen: () => undefined })
  let isOver = false
  const over = (code: number) => {
    if (isOver) return
    isOver = true
    room.open.delete(end)
    if (lease !== null) room.leases.remove(lease)
    if (age !== null) clearTimeout(age)
    for (const leg of [client, upstream]) beats.remove(leg)
    // WHY: the service may answer its own close first, and that code says nothing of why the socket ended.
    observeEnd(pair, lease, said ?? code, by, gateway, began)
  }
  const passEnd = (leg: WebSocket, other: WebSocket, who: 'client' | 'upstream') =>
    passClose(leg, other, who, (code) => {
      if (other.readyState === other.OPEN) by = who
      over(code)
    })
  passEnd(client, upstream, 'client')
  passEnd(upstream, client, 'upstream')
  upstream.resume()
}

/**
 * Ends everything that is open, spread at random over a while so that clients do not come back all at once, and waits until
 * their ends are said and answered, but not for long.
 */
export async function endAll({ open }: PumpRoom, closing: Closing, spreadMs: number): Promise<void> {
  const ends = [...open].map(async (end) => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * spreadMs))
    end(closing)
  })
  await Promise.all(ends)
  for (let looks = 0; open.size > 0 && looks < GOODBYE_LOOKS; looks++)
    await new Promise((resolve) => setTimeout(resolve, GOODBYE_LOOK_MS))
}

function leaseOf(terms: LeaseTerms | null, end: (closing: Closing) => void, room: PumpRoom): Lease | null {
  if (terms === null || terms.subject === null) return null
  const lease = { ask: terms.ask, subject: terms.subject, confirmedAt: room.gateway.runtime.now(), end }
  room.leases.add(lease)
  return lease
}

function active(lease: Lease | null, terms: LeaseTerms | null, gateway: Gateway): void {
  if (lease?.subject.kind === 'session' && terms?.activity === true)
    slide(gateway, lease.subject.user, lease.subject.session)
}

function sidOf(lease: Lease | null): string | null {
  return lease?.subject.kind === 'session' ? lease.subject.session.sid : null
}

function observeStart({ requestId, rule }: Pair, lease: Lease | null, { runtime }: Gateway): void {
  runtime.observe({ kind: 'socket-opened', requestId, rule, sid: sidOf(lease) })
}

function observeEnd(
  { requestId, rule }: Pair,
  lease: Lease | null,
  code: number,
  by: 'client' | 'upstream' | 'gateway',
  { runtime }: Gateway,
  began: number,
): void {
  const sid = sidOf(lease)
  const seconds = Math.round((runtime.ticks() - began) / 1000)
  runtime.observe({ kind: 'socket-closed', requestId, rule, code, by, sid, seconds })
}

function passClose(from: WebSocket, to: WebSocket, who: 'client' | 'upstream', over: (code: number) => void): void {
  from.on('close', (code, reason) => {
    over(code)
    if (to.readyState === to.CLOSED || to.readyState === to.CLOSING) return
    to.resume()
    // WHY: 1005 and 1006 cannot be sent: no code, and a broken one (RFC 6455 section 7.4.1).
    if (code === 1005) to.close()
    else if (code === 1006 || code === 1015) to.close(1011)
    else to.close(code, reason)
  })
  from.on('error', (error: Error & { readonly code?: unknown }) => {
    // WHY: the library tells the sender by 1009 and reads on no more; the other side hears it from us.
    if (error.code !== 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return from.terminate()
    to.resume()
    if (who === 'client') to.close(1001)
    else to.close(1009, 'message too big')
  })
}
