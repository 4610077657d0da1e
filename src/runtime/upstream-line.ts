import { Breaker } from '../core/breaker.ts'
import type { Config, Upstream } from '../ports/config.ts'
import { UpstreamFailed, type UpstreamHealth } from '../ports/upstream.ts'

const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PROPFIND', 'QUERY'])

/** Milliseconds before a request that nobody took is sent once more: long enough for a listener to come back. */
const PAUSE_MS = 100

/** What a process or isolate knows of the way to one upstream. */
export class UpstreamLine {
  readonly name: string
  readonly #breaker: Breaker
  readonly #clock: () => number

  constructor(upstream: Upstream, clock: () => number) {
    this.name = upstream.name
    this.#breaker = new Breaker(upstream.breakerFailures, upstream.breakerOpenMs)
    this.#clock = clock
  }

  /** @throws UpstreamFailed when the upstream rests */
  enter(): void {
    // WHY: asking for the time costs more than everything else here.
    if (this.#breaker.isClosed) return
    const now = this.#clock()
    if (this.#breaker.enter(now)) return
    const retryAfter = Math.max(1, Math.ceil(this.#breaker.waitMs(now) / 1000))
    throw new UpstreamFailed('resting', 'breaker open', { upstream: this.name, retryAfter })
  }

  /** Something was there and answered. */
  answered(): void {
    this.#breaker.succeeded()
  }

  /**
   * Takes note of a failed hop. Only connections that did not come about count.
   *
   * ATTACK: a slow route, or a request that a service hangs up on, can be asked for by anybody; counted, five of them
   * would shut out everybody else.
   */
  failed(failure: UpstreamFailed): void {
    if (failure.isUnsent) this.#breaker.failed(this.#clock())
  }

  /** A health check came to nothing, or a hop of which nobody can say how far it came. */
  missed(): void {
    this.#breaker.failed(this.#clock())
  }

  health(): UpstreamHealth {
    return { name: this.name, state: this.#breaker.state(this.#clock()) }
  }
}

/**
 * Whether a request may be sent once more: nobody took it, nothing of it can have been read, and it asks for the same
 * thing twice (RFC 9110 section 9.2.2).
 *
 * WHY: a connection that did not come about in time was waited for long enough already.
 */
export function maySendAgain(failure: UpstreamFailed, method: string, body: 'body' | 'no body'): boolean {
  return body === 'no body' && failure.isUnsent && failure.kind !== 'timeout' && IDEMPOTENT.has(method)
}

/** The pause before the second try. */
export function beforeSecondTry(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
}

/** The ways to all upstreams of a configuration, by name. */
export function upstreamLines(config: Config, clock: () => number): ReadonlyMap<string, UpstreamLine> {
  return new Map(config.upstreams.map((upstream) => [upstream.name, new UpstreamLine(upstream, clock)]))
}
