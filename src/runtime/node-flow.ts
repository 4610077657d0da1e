import type { RawData, WebSocket } from 'ws'

/** Bytes that may wait in one direction before the sender is held back. */
export const QUEUE_BYTES = 1024 * 1024
/** How long a full queue may stand still before the reader counts as stuck. */
const STUCK_MS = 10_000

/** How one direction is watched. */
export interface Flow {
  /** Largest message, bytes: what a full queue may be exceeded by. */
  readonly maxMessage: number
  /** Called for every message. */
  seen(): void
  /** The reader does not keep up. */
  stuck(): void
  /** Milliseconds instead of the usual ones. */
  readonly stuckMs?: number
}

/**
 * Passes messages one way. A full queue holds the sender back, so that a slow reader slows the sender down and fills no
 * memory; a queue that stands still, or that one more message bursts, ends both.
 */
export function passMessages(from: WebSocket, to: WebSocket, flow: Flow): void {
  const { maxMessage, seen, stuck, stuckMs = STUCK_MS } = flow
  let watch: ReturnType<typeof setTimeout> | null = null
  const look = (before: number) => {
    watch = null
    if (!from.isPaused || to.readyState !== to.OPEN) return
    const waiting = to.bufferedAmount
    if (waiting >= before) stuck()
    else watch = setTimeout(look, stuckMs, waiting)
  }
  const sent = () => {
    if (from.isPaused && to.bufferedAmount < QUEUE_BYTES) from.resume()
  }
  from.on('message', (data: RawData, isBinary: boolean) => {
    seen()
    if (to.readyState !== to.OPEN) return
    to.send(data as Buffer, { binary: isBinary }, sent)
    const waiting = to.bufferedAmount
    if (waiting <= QUEUE_BYTES) return
    if (waiting > QUEUE_BYTES + maxMessage) return stuck()
    from.pause()
    watch ??= setTimeout(look, stuckMs, waiting)
  })
  from.once('close', () => {
    if (watch !== null) clearTimeout(watch)
  })
}
