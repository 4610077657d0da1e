import type { IncomingMessage } from 'node:http'

/** Watches over one request with a body: while it is sent, and until the answer begins. */
export class BodyClock {
  readonly #responseMs: number
  #late: () => void = () => undefined
  #timer: ReturnType<typeof setTimeout>
  #isOver = false
  /** Whether a time was over. */
  isLate = false

  /**
   * @param idleMs - without a byte of the body going through
   * @param responseMs - from the end of the body to the beginning of the answer
   */
  constructor(idleMs: number, responseMs: number) {
    this.#responseMs = responseMs
    this.#timer = this.#start(idleMs)
  }

  #start(ms: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      this.isLate = true
      this.#late()
    }, ms)
  }

  /** What is to be done when either time is over. */
  onLate(late: () => void): void {
    this.#late = late
  }

  /** A piece went through. */
  moved(): void {
    this.#timer.refresh()
  }

  /** The body is sent whole. */
  sent(): void {
    clearTimeout(this.#timer)
    if (this.#isOver) return
    this.#timer = this.#start(this.#responseMs)
  }

  /** The answer began, or there will be none. */
  stop(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
  }
}

/**
 * The body of a raw request, piece by piece as the upstream takes it.
 *
 * WHY: not the request itself: who gives a stream to undici has it destroyed when the hop fails, and with it the
 * connection on which the client waits to hear so.
 */
export async function* bodyOf(incoming: IncomingMessage, clock: BodyClock): AsyncGenerator<Buffer> {
  for await (const piece of incoming.iterator({ destroyOnReturn: false })) {
    clock.moved()
    yield piece as Buffer
  }
  clock.sent()
}
