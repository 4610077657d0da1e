import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Dispatcher, Pool } from 'undici'
import { returnable } from './node-headers.ts'

/** One raw request for an upstream, and where its answer goes. */
export interface RawHop {
  readonly target: string
  readonly method: string
  /** Flat names and values. */
  readonly headers: string[]
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly responseTimeoutMs: number
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/**
 * Passes one answer on as it comes: raw headers in and out, chunk by chunk, as fast as the client takes it.
 *
 * WHY: undici's raw callbacks instead of `Pool.stream`, which parses the headers once more, listens for six events of the
 * answer and makes an exception at the end of every request: a fifth of all CPU.
 */
class Passing implements Dispatcher.DispatchHandler {
  readonly #outgoing: ServerResponse
  readonly #done: () => void
  readonly #failed: (error: Error) => void
  #abort: ((reason?: Error) => void) | null = null
  #resume: (() => void) | null = null
  #isGone = false
  #isWhole = false
  /** Bytes the answer has by its own word; -1: it does not say. */
  #length = -1

  constructor(outgoing: ServerResponse, done: () => void, failed: (error: Error) => void) {
    this.#outgoing = outgoing
    this.#done = done
    this.#failed = failed
    outgoing.once('close', () => this.#closed())
  }

  /** The client is gone, or has everything. */
  #closed(): void {
    if (this.#outgoing.writableFinished) return
    this.#isGone = true
    this.#abort?.()
    this.#done()
  }

  onConnect(abort: (reason?: Error) => void): void {
    if (this.#isGone) abort()
    else this.#abort = abort
  }

  onHeaders(status: number, raw: readonly Buffer[], resume: () => void): boolean {
    if (status < 200) return true
    const { headers, length } = returnable(raw)
    this.#length = length
    this.#resume = resume
    this.#outgoing.sendDate = false
    this.#outgoing.writeHead(status, headers)
    return true
  }

  onData(chunk: Buffer): boolean {
    const outgoing = this.#outgoing
    if (chunk.length === this.#length) {
      // WHY: the whole body at once leaves in one write together with its headers.
      this.#isWhole = true
      outgoing.end(chunk)
      return true
    }
    const goesOn = outgoing.write(chunk)
    if (!goesOn && this.#resume !== null) outgoing.once('drain', this.#resume)
    return goesOn
  }

  onComplete(): void {
    if (!this.#isWhole) this.#outgoing.end()
    this.#done()
  }

  onError(error: Error): void {
    if (!this.#isGone) this.#failed(error)
  }
}

/** Streams one request through a pool and its answer back; settles when the answer is handed over or its client is gone. */
export function passThrough(pool: Pool, hop: RawHop): Promise<void> {
  const { incoming, outgoing } = hop
  const options = {
    path: hop.target,
    method: hop.method as 'GET',
    headers: hop.headers,
    body: hasBody(incoming) ? incoming : null,
    headersTimeout: hop.responseTimeoutMs,
  }
  return new Promise((resolve, reject) => {
    pool.dispatch(options, new Passing(outgoing, resolve, reject))
  })
}
