import type { RawData, WebSocket } from 'ws'
import type { Closing, Lease } from '../pipeline/lease.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { LeaseTerms } from '../ports/upstream.ts'
import { slide } from '../session/slide.ts'
import type { LeaseBook } from './lease-book.ts'

/** Bytes that may wait in one direction before the other side is told to slow down, and before it is cut. */
const SLOW_AT = 1024 * 1024
const CUT_AT = 64 * 1024 * 1024
/** Pings per leg, so that dead peers and idle middle boxes are noticed. */
const PING_EVERY_MS = 25_000

/** Two open sockets and what binds them. */
export interface Pair {
  readonly client: WebSocket
  readonly upstream: WebSocket
  readonly requestId: string
  readonly rule: string
  /** Null: nothing but the two peers ends it. */
  readonly terms: LeaseTerms | null
}

/** What the pumps of a process share. */
export interface PumpRoom {
  readonly gateway: Gateway
  readonly leases: LeaseBook
  /** Every open pair, leased or not, for the end of the process. */
  readonly open: Set<(closing: Closing) => void>
}

/** Passes messages both ways, ends both together, and holds the lease. */
export function pump(pair: Pair, room: PumpRoom): void {
  const { client, upstream, terms } = pair
  const began = room.gateway.runtime.ticks()
  let by: 'client' | 'upstream' | 'gateway' = 'gateway'
  const end = (closing: Closing) => {
    // WHY: a leg that waits for the other one to catch up would never read the answer to its close.
    for (const leg of [client, upstream]) leg.resume()
    client.close(closing.code, closing.reason)
    // WHY: to the service an end made here is a player who left; what ended it is not its business.
    upstream.close(1001)
  }
  const lease = leaseOf(terms, end, room)
  const age =
    terms === null || terms.maxAgeSeconds === null
      ? null
      : setTimeout(() => end({ code: 1012, reason: 'reconnect' }), terms.maxAgeSeconds * 1000)
  const beats = [heartbeat(client), heartbeat(upstream)]
  room.open.add(end)
  passMessages(client, upstream, () => active(lease, terms, room.gateway))
  passMessages(upstream, client, () => undefined)
  let isOver = false
  const over = (code: number) => {
    if (isOver) return
    isOver = true
    room.open.delete(end)
    if (lease !== null) room.leases.remove(lease)
    if (age !== null) clearTimeout(age)
    for (const beat of beats) clearInterval(beat)
    observeEnd(pair, lease, code, by, room.gateway, began)
  }
  passClose(client, upstream, (code) => {
    by = upstream.readyState === upstream.OPEN ? 'client' : by
    over(code)
  })
  passClose(upstream, client, (code) => {
    by = client.readyState === client.OPEN ? 'upstream' : by
    over(code)
  })
  upstream.resume()
}

/** Ends everything that is open, spread at random over a while so that clients do not come back all at once. */
export async function endAll({ open }: PumpRoom, closing: Closing, spreadMs: number): Promise<void> {
  const ends = [...open].map(async (end) => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * spreadMs))
    end(closing)
  })
  await Promise.all(ends)
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

function observeEnd(
  { requestId, rule }: Pair,
  lease: Lease | null,
  code: number,
  by: 'client' | 'upstream' | 'gateway',
  { runtime }: Gateway,
  began: number,
): void {
  const sid = lease?.subject.kind === 'session' ? lease.subject.session.sid : null
  const seconds = Math.round((runtime.ticks() - began) / 1000)
  runtime.observe({ kind: 'socket-closed', requestId, rule, code, by, sid, seconds })
}

function passMessages(from: WebSocket, to: WebSocket, seen: () => void): void {
  from.on('message', (data: RawData, isBinary: boolean) => {
    seen()
    if (to.readyState !== to.OPEN) return
    to.send(data as Buffer, { binary: isBinary }, () => {
      if (from.isPaused && to.bufferedAmount < SLOW_AT) from.resume()
    })
    if (to.bufferedAmount > CUT_AT) from.close(1013, 'too slow')
    else if (to.bufferedAmount > SLOW_AT) from.pause()
  })
}

function passClose(from: WebSocket, to: WebSocket, over: (code: number) => void): void {
  from.on('close', (code, reason) => {
    over(code)
    if (to.readyState === to.CLOSED || to.readyState === to.CLOSING) return
    to.resume()
    // WHY: 1005 and 1006 cannot be sent: no code, and a broken one (RFC 6455 section 7.4.1).
    if (code === 1005) to.close()
    else if (code === 1006 || code === 1015) to.close(1011)
    else to.close(code, reason)
  })
  from.on('error', () => from.terminate())
}

function heartbeat(socket: WebSocket): ReturnType<typeof setInterval> {
  let alive = true
  socket.on('pong', () => {
    alive = true
  })
  return setInterval(() => {
    // WHY: a leg that is held back reads no pong; how much may wait is bounded elsewhere.
    if (socket.isPaused) return
    if (!alive) return socket.terminate()
    alive = false
    socket.ping()
  }, PING_EVERY_MS)
}
