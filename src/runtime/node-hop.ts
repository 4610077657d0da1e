import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { Dispatcher, Pool } from 'undici'
import type { Upstream } from '../ports/config.ts'
import { UpstreamFailed } from '../ports/upstream.ts'
import { hasBody, linger } from './node-answer.ts'
import { BodyClock, bodyOf } from './node-body.ts'
import { nodeFailure } from './node-failure.ts'
import { headText, passInformation, returnable, sayable } from './node-headers.ts'
import { mayGoOn, type UnderWay, underWayOn } from './node-under-way.ts'
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
  /** Names of headers the answer must not have, in lower case. */
  readonly withheld: readonly string[]
  /** Told when the answer has begun: its head is written, its body is not. */
  began(raw: readonly string[]): void
  /** Told once, when the answer is handed over or its client is gone (null), or why not; also after the answer began. */
  ended(failure: UpstreamFailed | null): void
}

/** One upstream, and how it is reached. */
export interface Way {
  readonly upstream: Upstream
  readonly pool: Pool
  readonly line: UpstreamLine
  /** As `tlsName` says it. */
  readonly tlsName: string | undefined
}

/**
 * Told how a hop ended; null: well, or with its client.
 *
 * WHY: no promise. On the way of every request each costs a turn and a hundredth of what the request does.
 */
export type Ended = (failure: UpstreamFailed | null) => void

/** Bodies up to here leave as text, bytes. */
const SHORT = 2 * 1024

/**
 * Writes a whole body and the head before it as one text.
 *
 * WHY: handed to `end`, it would leave together with an empty text that says when it has left, as a list of two: on Deno
 * writing a list costs twice what writing a text does.
 */
function writeWhole(outgoing: ServerResponse, text: string): void {
  outgoing.write(text, 'latin1')
  outgoing.socket?.uncork()
  outgoing.end()
}

/**
 * Passes one answer on as it comes: raw headers in and out, chunk by chunk, as fast as the client takes it.
 *
 * WHY: undici's raw callbacks instead of `Pool.stream`, which parses the headers once more, listens for six events of the
 * answer and makes an exception at the end of every request: a fifth of all CPU.
 */
class Passing implements Dispatcher.DispatchHandler, UnderWay {
  readonly #hop: RawHop
  readonly #way: Way
  readonly #clock: BodyClock | null
  readonly #ended: Ended
  readonly #underWay: Set<UnderWay>
  #abort: ((reason?: Error) => void) | null = null
  #resume: (() => void) | null = null
  #isGone = false
  #isWhole = false
  #isBodiless = false
  /** Bytes the answer has by its own word; -1: it does not say. */
  #length = -1

  constructor(way: Way, hop: RawHop, clock: BodyClock | null, ended: Ended) {
    this.#way = way
    this.#hop = hop
    this.#clock = clock
    this.#ended = ended
    this.#underWay = underWayOn(hop.incoming.socket)
    this.#underWay.add(this)
  }

  /** The connection of the client has ended before its answer was handed over. */
  clientGone(): void {
    this.#isGone = true
    this.#abort?.()
    this.#ended(null)
  }

  /** Ends the hop from our side; the failure is told like any other. */
  abort(): void {
    this.#abort?.()
  }

  onConnect(abort: (reason?: Error) => void): void {
    if (this.#isGone) abort()
    else this.#abort = abort
  }

  onHeaders(status: number, raw: readonly Buffer[], resume: () => void, words: string): boolean {
    const { outgoing, audience, withheld } = this.#hop
    const head = headText(raw)
    if (status < 200) {
      // ATTACK: a line that is no status line of HTTP would be the head of our client's answer.
      if (status < 100) throw new UpstreamFailed('unreachable', 'no status', { error: 'http_protocol_error' })
      passInformation(outgoing, status, head)
      return true
    }
    this.#clock?.stop()
    this.#way.line.answered()
    const { headers, length } = returnable(head, audience, withheld)
    this.#length = length
    this.#resume = resume
    outgoing.sendDate = false
    outgoing.writeHead(status, sayable(words), headers)
    this.#hop.began(head)
    if (status === 304) this.#isBodiless = true
    return true
  }

  onData(chunk: Buffer): boolean {
    const { outgoing } = this.#hop
    if (chunk.length === this.#length) {
      // WHY: the whole body at once leaves in one write together with its headers; a short one as text like them, which
      // saved a tenth of a bare answer of 1 KB and nothing of one of 8 KB. Latin 1 is every byte as it is.
      this.#isWhole = true
      if (chunk.length <= SHORT) writeWhole(outgoing, chunk.toString('latin1'))
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
    if (!this.#isGone) this.#ended(null)
  }

  onError(error: Error): void {
    this.#underWay.delete(this)
    if (this.#isGone) return
    // WHY: a 304 may say how long is what it leaves out (RFC 9110 section 8.6); undici takes that for a body that broke off.
    if (this.#isBodiless) {
      this.#hop.outgoing.end()
      this.#ended(null)
      return
    }
    const upstream = this.#way.upstream.name
    const isLate = this.#clock?.isLate === true
    this.#ended(isLate ? new UpstreamFailed('timeout', 'upload', { upstream }) : nodeFailure(error, upstream))
  }
}

/** Streams one request to an upstream and its answer back. */
export function passThrough(way: Way, hop: RawHop, ended: Ended): void {
  if (hasBody(hop.incoming)) passWithBody(way, hop, ended)
  else pass(way, hop, null, ended)
}

function passWithBody(way: Way, hop: RawHop, ended: Ended): void {
  const { incoming } = hop
  const clock = new BodyClock(way.upstream.idleTimeoutMs, hop.responseTimeoutMs)
  pass(way, hop, clock, (failure) => {
    clock.stop()
    // WHY: a service that answers before it has read everything wants no more of it.
    if (failure === null && !incoming.complete) linger(incoming, () => incoming.socket.destroy())
    ended(failure)
  })
}

/**
 * The name an upstream has to prove where its Host is not its own; undefined: that of its Host.
 *
 * ATTACK: undici would take it from the Host header: whoever holds a certificate of the public name would be believed.
 */
export function tlsName({ url, preserveHost }: Upstream): string | undefined {
  return preserveHost ? new URL(url).hostname.replace(/^\[|\]$/g, '') : undefined
}

function pass(way: Way, hop: RawHop, clock: BodyClock | null, ended: Ended): void {
  if (!mayGoOn(hop.incoming.socket)) {
    ended(null)
    return
  }
  const passing = new Passing(way, hop, clock, ended)
  clock?.onLate(() => passing.abort())
  const options = {
    path: hop.target,
    method: hop.method as 'GET',
    headers: hop.headers,
    servername: way.tlsName,
    body: clock === null ? null : (bodyOf(hop.incoming, clock) as unknown as Readable),
    // WHY: undici counts from the first byte sent: a slow upload is not a slow service.
    headersTimeout: clock === null ? hop.responseTimeoutMs : 0,
  }
  way.pool.dispatch(options, passing)
}
