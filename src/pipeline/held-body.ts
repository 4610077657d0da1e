import type { Ask } from '../core/ask.ts'
import { joined } from '../core/bytes.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { BodyField } from '../policy/decide.ts'
import type { UpstreamBody } from '../ports/upstream.ts'
import { isJson, membersOf, onlyMember } from './json-members.ts'

/** The largest body that is ever read, bytes (DECISIONS 23). */
export const MOST_READ: number = 64 * 1024

/** How much of a body that is too large is read on and thrown away, bytes; and for how long, milliseconds. */
const MOST_DRAINED = 1024 * 1024
const DRAIN_MS = 1000

type Bytes = Uint8Array<ArrayBuffer>
type Source = ReadableStream<Uint8Array>

/** Why a body is opened: to be read for a decision, or to be passed on. */
export type Why = 'read' | 'pass'

/** A body that was read in part. */
interface Begun {
  readonly chunks: readonly Uint8Array[]
  readonly reader: ReadableStreamDefaultReader<Uint8Array>
}

/** What a decision may learn of a request's body. */
export interface FieldReader {
  /** One top-level field of a small JSON body, or what is wrong with it. */
  field(name: string): Promise<Result<BodyField, string>>
}

/** The body of one request: read when a rule needs to know it, and sent on as the same bytes. */
export class HeldBody implements FieldReader {
  readonly #ask: Pick<Ask, 'contentType' | 'contentLength'>
  readonly #encoding: string | null
  readonly #open: (why: Why) => Source | null
  #bytes: Bytes | null = null
  #begun: Begun | null = null
  #reading: ReadableStreamDefaultReader<Uint8Array> | null = null
  readonly #broken = new AbortController()
  /** Set once more came than the rule takes. */
  isOver = false
  /** Aborts when the body cannot be sent on to its end: the hop must be cut then. */
  readonly broken: AbortSignal = this.#broken.signal

  /**
   * @param encoding - the request's Content-Encoding
   * @param open - gives the body, once, and is told what for; null when there is none
   */
  constructor(
    ask: Pick<Ask, 'contentType' | 'contentLength'>,
    encoding: string | null,
    open: (why: Why) => ReadableStream<Uint8Array> | null,
  ) {
    this.#ask = ask
    this.#encoding = encoding
    this.#open = open
  }

  /** Bytes the body has, as far as that is known. */
  get size(): number | null {
    return this.#bytes?.byteLength ?? this.#ask.contentLength
  }

  /** The whole of a JSON body of at most 64 KiB; else what is wrong with it, and nothing of it is lost. */
  async json(): Promise<Result<Bytes, string>> {
    if (!isJson(this.#ask.contentType)) return err('not-json')
    if (this.#encoding !== null) return err('encoded')
    if (this.#bytes !== null) return ok(this.#bytes)
    if (this.#begun !== null || (this.#ask.contentLength ?? 0) > MOST_READ) return err('too-large')
    const opened = this.#open('read')
    const isWhole = opened === null ? this.#keep([], 0) : await this.#read(opened.getReader())
    return isWhole && this.#bytes !== null ? ok(this.#bytes) : err('too-large')
  }

  #keep(chunks: readonly Uint8Array[], size: number): true {
    this.#bytes = joined(chunks, size)
    return true
  }

  async #read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<boolean> {
    const chunks: Uint8Array[] = []
    let size = 0
    while (size <= MOST_READ) {
      // WHY: a client that hangs up meanwhile is found by whoever reads on.
      const { done, value } = await reader.read().catch(() => ({ done: false, value: undefined }))
      if (done) return this.#keep(chunks, size)
      if (value === undefined) break
      chunks.push(value)
      size += value.byteLength
    }
    this.#begun = { chunks, reader }
    return false
  }

  async field(name: string): Promise<Result<BodyField, string>> {
    const body = await this.json()
    if (!body.ok) return body
    const members = membersOf(body.value)
    if (members === null) return err('not-an-object')
    const member = onlyMember(members, name)
    if (typeof member === 'string') return err(member)
    const value: unknown = JSON.parse(member.raw)
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return ok(value)
    // ATTACK: 1.0, 1e0 and 9007199254740993 are other numbers elsewhere than the one that is judged here.
    return typeof value === 'number' && String(value) === member.raw ? ok(value) : err('malformed')
  }

  /** The body for the upstream: exactly the bytes that came, and never more than `most` of them. */
  outgoing(most: number | null): UpstreamBody {
    if (this.#bytes !== null) return this.#bytes.byteLength === 0 ? null : this.#bytes
    if (this.#begun !== null) return this.#guarded(this.#begun, most)
    const opened = this.#open('pass')
    return opened === null || most === null ? opened : this.#guarded({ chunks: [], reader: opened.getReader() }, most)
  }

  /**
   * What is left to say to a client in the middle of sending. It ends once all is read that comes, of which nothing is
   * kept, or enough of it: a connection that is closed before takes the answer with it.
   */
  farewell(text: string): Source {
    return new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
      pull: async (controller) => {
        await this.#drain()
        controller.close()
      },
    })
  }

  async #drain(): Promise<void> {
    const reader = this.#reading
    if (reader === null) return
    const over = { done: true, value: undefined }
    const end = Promise.withResolvers<typeof over>()
    const timer = setTimeout(end.resolve, DRAIN_MS, over)
    for (let left = MOST_DRAINED; left > 0; ) {
      const { done, value } = await Promise.race([reader.read(), end.promise]).catch(() => over)
      if (done) break
      left -= value?.byteLength ?? 0
    }
    clearTimeout(timer)
  }

  #guarded({ chunks, reader }: Begun, most: number | null): Source {
    let next = 0
    let seen = 0
    this.#reading = reader
    // ATTACK: workerd ends a request whose body stream fails as if it were whole: so it never ends, and the hop is cut.
    const breakOff = () => {
      this.#broken.abort()
      return new Promise<never>(() => undefined)
    }
    return new ReadableStream({
      pull: async (controller) => {
        const held = chunks[next++]
        const { done, value } = held === undefined ? await reader.read().catch(breakOff) : { done: false, value: held }
        if (done || value === undefined) return controller.close()
        seen += value.byteLength
        this.isOver = most !== null && seen > most
        if (this.isOver) return breakOff()
        controller.enqueue(value)
      },
      cancel: (reason) => (this.isOver ? undefined : reader.cancel(reason)),
    })
  }
}

/** Whether a Web request has a body. WHY: workerd has an empty one for a length of 0, and sends no GET with any. */
export function hasBody({ body }: Request, { contentLength }: Ask): boolean {
  return body !== null && contentLength !== 0
}

/** The body of a Web request. */
export function heldBody(request: Request, ask: Ask): HeldBody {
  const open = () => (hasBody(request, ask) ? request.body : null)
  return new HeldBody(ask, request.headers.get('content-encoding'), open)
}
