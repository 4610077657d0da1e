import type { Answer } from '../../core/answer.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { Readable } from '../intake.ts'

/** A call of the endpoint: the proxy's own request about a client's one. */
export interface Call {
  readonly method: string
  /** The client's headers as the proxy passes them on, and its own. */
  readonly headers: Readable
  /** What of the raw target stands behind the endpoint: empty for the endpoint itself. */
  readonly below: string
}

/** The client's request, as its proxy tells it. */
export interface Original {
  readonly method: string
  readonly scheme: string
  readonly host: string
  /** Raw path and query, as they stood on the client's request line. */
  readonly rawTarget: string
  /** The hops that forwarded it, the nearest last. */
  readonly forwardedFor: string
}

/** What is missing in a call: a header, or the form of the call itself. */
export interface Untold {
  readonly header: string
}

/** One kind of proxy: how it tells a request, and what it makes of an answer. */
export interface FrontProxy {
  /** The client's request; every part must be there, none is ever guessed. */
  original(call: Call): Result<Original, Untold>
  /**
   * An answer that lets the request through, with the headers that replace those of the request.
   *
   * @param names - every header that may be in it, in lower case: one that is not there must not stay on the request
   */
  granted(answer: Answer, names: readonly string[]): Answer
  /** A refusal, as far as this proxy can carry one. */
  refused(answer: Answer): Answer
  /** Whether a call wants the whole answer to a refused request, which an earlier call could not carry. */
  wantsWhole(call: Call): boolean
}

/** The client's request from headers of these names; the first one that is missing otherwise. */
export function toldBy(headers: Readable, names: Readonly<Record<keyof Original, string>>): Result<Original, Untold> {
  const told: Partial<Record<keyof Original, string>> = {}
  for (const part of Object.keys(names) as (keyof Original)[]) {
    const value = headers.get(names[part])
    // INVARIANT: never a fallback: what is missing here would be judged as something the client did not ask for.
    if (value === null || value === '') return err({ header: names[part] })
    told[part] = value
  }
  return ok(told as Original)
}

/** The call itself has another form than this proxy's. */
export function notAsAgreed(): Result<Original, Untold> {
  return err({ header: ':path' })
}

/** Those of the names that an answer does not carry. */
export function absentIn(answer: Answer, names: readonly string[]): readonly string[] {
  const said = new Set(answer.headers.map(([name]) => name.toLowerCase()))
  return names.filter((name) => !said.has(name))
}

/** The truth about an answer in a header, for proxies that bend it. */
export function withStatus(answer: Answer, status: number): Answer {
  return { status, headers: [...answer.headers, ['postern-status', String(answer.status)]], body: answer.body }
}
