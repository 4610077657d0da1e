import type { WebSocket } from 'ws'

/** Rounds without a pong after which a leg is dead: one that still has bytes to send may be slow, so it gets another. */
const SILENT_ROUNDS = 1
const SILENT_ROUNDS_SENDING = 2

/** Notices legs whose peer is gone without a word. */
export interface Heartbeat {
  add(leg: WebSocket): void
  remove(leg: WebSocket): void
}

/** Pings every leg of a process once an interval, all by one timer; a leg that answers nothing is cut. */
export function heartbeat(everyMs: number): Heartbeat {
  const silent = new Map<WebSocket, number>()
  let timer: ReturnType<typeof setInterval> | null = null
  function heard(this: WebSocket): void {
    if (silent.has(this)) silent.set(this, 0)
  }
  const beat = () => {
    for (const [leg, rounds] of silent) {
      // WHY: a leg that is held back reads no pong; how long it may be is bounded elsewhere.
      if (leg.isPaused) continue
      if (rounds > (leg.bufferedAmount > 0 ? SILENT_ROUNDS_SENDING : SILENT_ROUNDS) - 1) {
        leg.terminate()
        continue
      }
      silent.set(leg, rounds + 1)
      leg.ping()
    }
  }
  return {
    add(leg) {
      silent.set(leg, 0)
      leg.on('pong', heard)
      timer ??= setInterval(beat, everyMs)
    },
    remove(leg) {
      silent.delete(leg)
      if (silent.size > 0 || timer === null) return
      clearInterval(timer)
      timer = null
    },
  }
}
