import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { Dispatcher, Pool } from 'undici'
import type { Upstream } from '../ports/config.ts'
import { UpstreamFailed } from '../ports/upstream.ts'
import { hasBody, linger } from './node-answer.ts'
import { BodyClock, bodyOf } from './node-body.ts'
import { nodeFailure } from './node-failure.ts'
import { headText, passInformation, returnable } from './node-headers.ts'
import type { UpstreamLine } from './upstream-line.ts'

/** One raw request for an upstream, and where its answer goes. */
export interface RawHop {
  readonly target: string
  readonly method: string
  /** Flat names and values. */
  readonly headers: string[]
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly responseTimeoutMs: number
  /** `one` for an answer to one person, which shared caches must not keep unasked. */
  readonly audience: 'one' | 'all'
  /** Told when the answer has begun: its head is written, its body is not. */
  began(raw: readonly string[]): void
}

/** Bodies up to here leave as text, bytes. WHY: none on Deno, whose `node:http` writes a buffer for less. */
const SHORT = 'Deno' in globalThis ? 0 : 2 * 1024

/**
 * Hops under way, by the connection of their client: when it is gone, each of them is.
 *
 * WHY: one listener a connection. One a request, for the `close` of its answer, was 15 % of what a request cost Deno.
 */
const UNDER_WAY = new WeakMap<Socket, Set<Passing>>()

function underWayOn(socket: Socket): Set<Passing> {
  const known = UNDER_WAY.get(socket)
  if (known !== undefined) return known
  const passings = new Set<Passing>()
  UNDER_WAY.set(socket, passings)
  socket.once('close', () => {
    for (const passing of passings) passing.clientGone()
  })
  return passings
}

/**
 * Passes one answer on as it comes: raw headers in and out, chunk by chunk, as fast as the client takes it.
 *
 * WHY: undici's raw callbacks instead of `Pool.stream`, which parses the headers once more, listens for six events of the
 * answer and makes an exception at the end of every request: a fifth of all CPU.
 */
class Passing implements Dispatcher.DispatchHandler {
  readonly #hop: RawHop
  readonly #answered: () => void
  readonly #done: () => void
  readonly #failed: (error: Error) => void
  readonly #underWay: Set<Passing>
  #abort: ((reason?: Error) => void) | null = null
  #resume: (() => void) | null = null
  #isGone = false
  #isWhole = false
  /** Bytes the answer has by its own word; -1: it does not say. */
  #length = -1

  constructor(hop: RawHop, answered: () => void, done: () => void, failed: (error: Error) => void) {
    this.#hop = hop
    this.#answered = answered
    this.#done = done
    this.#failed = failed
    this.#underWay = underWayOn(hop.incoming.socket)
    this.#underWay.add(this)
  }

  /** The connection of the client has ended before its answer was handed over. */
  clientGone(): void {
    this.#isGone = true
    this.#abort?.()
    this.#done()
  }

  /** Ends the hop from our side; the failure is told like any other. */
  abort(): void {
    this.#abort?.()
  }

  onConnect(abort: (reason?: Error) => void): void {
    if (this.#isGone) abort()
    else this.#abort = abort
  }

  onHeaders(status: number, raw: readonly Buffer[], resume: () => void): boolean {
    const { outgoing, audience } = this.#hop
    const head = headText(raw)
    if (status < 200) {
      passInformation(outgoing, status, head)
      return true
    }
    this.#answered()
    const { headers, length } = returnable(head, audience)
    this.#length = length
    this.#resume = resume
    outgoing.sendDate = false
    outgoing.writeHead(status, headers)
    this.#hop.began(head)
    return true
  }

  onData(chunk: Buffer): boolean {
    const { outgoing } = this.#hop
    if (chunk.length === this.#length) {
      // WHY: the whole body at once leaves in one write together with its headers; a short one as text like them, which
      // saved a tenth of a bare answer of 1 KB and nothing of one of 8 KB. Latin 1 is every byte as it is.
      this.#isWhole = true
      if (chunk.length <= SHORT) outgoing.end(chunk.toString('latin1'), 'latin1')
      else outgoing.end(chunk)
      return true
    }
    const goesOn = outgoing.write(chunk)
    if (!goesOn && this.#resume !== null) outgoing.once('drain', this.#resume)
    return goesOn
  }

  onComplete(): void {
    this.#underWay.delete(this)
    if (!this.#isWhole) this.#hop.outgoing.end()
    this.#done()
  }

  onError(error: Error): void {
    this.#underWay.delete(this)
    if (!this.#isGone) this.#failed(error)
  }
}

/**
 * Streams one request through a pool and its answer back; settles when the answer is handed over or its client is gone.
 *
 * @throws UpstreamFailed, also after the answer began
 */
export function passThrough(pool: Pool, line: UpstreamLine, upstream: Upstream, hop: RawHop): Promise<void> {
  return hasBody(hop.incoming) ? passWithBody(pool, line, upstream, hop) : pass(pool, line, upstream, hop, null)
}

async function passWithBody(pool: Pool, line: UpstreamLine, upstream: Upstream, hop: RawHop): Promise<void> {
  const { incoming } = hop
  const clock = new BodyClock(upstream.idleTimeoutMs, hop.responseTimeoutMs)
  try {
    await pass(pool, line, upstream, hop, clock)
    // WHY: a service that answers before it has read everything wants no more of it.
    if (!incoming.complete) linger(incoming, () => incoming.socket.destroy())
  } finally {
    clock.stop()
  }
}

/**
 * The name an upstream has to prove where its Host is not its own.
 *
 * ATTACK: undici would take it from the Host header: whoever holds a certificate of the public name would be believed.
 */
export function tlsName({ url, preserveHost }: Upstream): { readonly servername?: string } {
  return preserveHost ? { servername: new URL(url).hostname.replace(/^\[|\]$/g, '') } : {}
}

function pass(pool: Pool, line: UpstreamLine, upstream: Upstream, hop: RawHop, clock: BodyClock | null): Promise<void> {
  const options = {
    path: hop.target,
    method: hop.method as 'GET',
    headers: hop.headers,
    ...tlsName(upstream),
    body: clock === null ? null : (bodyOf(hop.incoming, clock) as unknown as Readable),
    // WHY: undici counts from the first byte sent: a slow upload is not a slow service.
    headersTimeout: clock === null ? hop.responseTimeoutMs : 0,
  }
  return new Promise((resolve, reject) => {
    const answered = () => {
      clock?.stop()
      line.answered()
    }
    const failed = (error: Error) =>
      reject(
        clock?.isLate === true
          ? new UpstreamFailed('timeout', 'upload', { upstream: upstream.name })
          : nodeFailure(error, upstream.name),
      )
    const passing = new Passing(hop, answered, resolve, failed)
    clock?.onLate(() => passing.abort())
    pool.dispatch(options, passing)
  })
}
