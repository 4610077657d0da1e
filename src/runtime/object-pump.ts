/** What one direction may carry in a window: workerd tells nobody how much still waits to be sent. */
const WINDOW_MS = 10_000
const MAX_MESSAGES = 20_000
const MAX_BYTES = 64 * 1024 * 1024

/** Two accepted ends, and what is told of them. */
export interface Pair {
  readonly client: WebSocket
  readonly upstream: WebSocket
  /** Largest message either way, bytes. */
  readonly maxMessage: number
  /** Milliseconds on any steady clock. */
  clock(): number
  /** Called for every message of the client: it is activity. */
  active(): void
  /** Called once, with the code the client saw or sent. */
  over(code: number, by: 'client' | 'upstream' | 'gateway'): void
}

/** A flow of messages that may not become a flood. */
class Flow {
  #since = Number.NEGATIVE_INFINITY
  #messages = 0
  #bytes = 0

  /** Whether this message may pass. */
  takes(size: number, now: number): boolean {
    if (now - this.#since >= WINDOW_MS) {
      this.#since = now
      this.#messages = 0
      this.#bytes = 0
    }
    this.#messages++
    this.#bytes += size
    return this.#messages <= MAX_MESSAGES && this.#bytes <= MAX_BYTES
  }
}

/** Bytes of a message; text that is surely small enough is not measured. */
function sizeOf(data: unknown, most: number): number {
  if (typeof data === 'string') return data.length * 3 <= most ? data.length : new TextEncoder().encode(data).length
  return data instanceof ArrayBuffer ? data.byteLength : Number.POSITIVE_INFINITY
}

/** Codes below 1015 that stand for something which happened, or for nothing. */
const UNSAYABLE: ReadonlySet<number> = new Set([1004, 1005, 1006])

/** Whether a peer may be told a code: others are refused by this platform, or by the peer (RFC 6455 section 7.4.2). */
function isSayable(code: number): boolean {
  return (code >= 1000 && code < 1015 && !UNSAYABLE.has(code)) || (code >= 3000 && code <= 4999)
}

function closeEnd(socket: WebSocket, code: number, reason: string): void {
  if (code === 1005) socket.close()
  else if (isSayable(code)) socket.close(code, reason)
  else socket.close(1011)
}

/** Passes messages both ways and ends both legs together. Answers how to end them from here. */
export function pumpObjects(pair: Pair): (closing: { readonly code: number; readonly reason: string }) => void {
  const { client, upstream } = pair
  let ended = false
  const end = (code: number, reason: string, by: 'client' | 'upstream' | 'gateway') => {
    if (ended) return
    ended = true
    pair.over(code, by)
    try {
      closeEnd(client, code, reason)
    } finally {
      // ATTACK: whatever a peer does to one leg, the other ends: it has no lease any more.
      // WHY: to the service an end made here is a player who left; what ended it is not its business.
      if (by === 'gateway') upstream.close(1001)
      else closeEnd(upstream, code, reason)
    }
  }
  const carry = (from: WebSocket, to: WebSocket, seen: () => void) => {
    const flow = new Flow()
    from.addEventListener('message', ({ data }) => {
      if (ended) return
      const size = sizeOf(data, pair.maxMessage)
      if (size > pair.maxMessage) return end(1009, 'message too big', 'gateway')
      if (!flow.takes(size, pair.clock())) return end(1013, 'too much at once', 'gateway')
      seen()
      to.send(data as string | ArrayBuffer)
    })
  }
  carry(client, upstream, pair.active)
  carry(upstream, client, () => undefined)
  client.addEventListener('close', ({ code, reason }) => end(code, reason, 'client'))
  upstream.addEventListener('close', ({ code, reason }) => end(code, reason, 'upstream'))
  client.addEventListener('error', () => end(1006, '', 'client'))
  upstream.addEventListener('error', () => end(1006, '', 'upstream'))
  return ({ code, reason }) => end(code, reason, 'gateway')
}
