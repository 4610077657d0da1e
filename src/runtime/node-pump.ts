import type { RawData, WebSocket } from 'ws'
import type { Ask } from '../core/ask.ts'
import type { Seconds } from '../core/brand.ts'
import type { Closing, Lease } from '../pipeline/lease.ts'
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
  readonly ask: Ask
  readonly leases: LeaseBook
  readonly leased: boolean
  readonly maxAgeSeconds: Seconds | null
  readonly now: Seconds
  /** Called for frames of the client: they are activity. */
  active(): void
}

/** Passes messages both ways, ends both together, and holds the lease. */
export function pump(pair: Pair): void {
  const { client, upstream, leases } = pair
  const lease: Lease = {
    ask: pair.ask,
    confirmedAt: pair.now,
    end(closing: Closing) {
      client.close(closing.code, closing.reason)
      upstream.close(1001)
    },
  }
  if (pair.leased) leases.add(lease)
  const age =
    pair.maxAgeSeconds === null
      ? null
      : setTimeout(() => lease.end({ code: 1012, reason: 'reconnect' }), pair.maxAgeSeconds * 1000)
  const beats = [heartbeat(client), heartbeat(upstream)]
  passMessages(client, upstream, pair.active)
  passMessages(upstream, client, () => undefined)
  const over = () => {
    leases.remove(lease)
    if (age !== null) clearTimeout(age)
    for (const beat of beats) clearInterval(beat)
  }
  passClose(client, upstream, over)
  passClose(upstream, client, over)
  upstream.resume()
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

function passClose(from: WebSocket, to: WebSocket, over: () => void): void {
  from.on('close', (code, reason) => {
    over()
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
    if (!alive) return socket.terminate()
    alive = false
    socket.ping()
  }, PING_EVERY_MS)
}
