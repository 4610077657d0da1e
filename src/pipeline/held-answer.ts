import { joined } from '../core/bytes.ts'
import { err, ok, type Result } from '../core/result.ts'
import { UpstreamFailed } from '../ports/upstream.ts'
import { MOST_READ } from './held-body.ts'
import { isJson } from './json-members.ts'

/** An answer as it goes on, and its bytes, or why they were not read. */
export interface HeldAnswer {
  readonly response: Response
  readonly bytes: Result<Uint8Array, string>
}

/**
 * An uncoded JSON answer of at most 64 KiB, read to its end, whether it says its length or not. Any other passes on as it
 * comes, and nothing of it is lost.
 *
 * @param withinMs - milliseconds after which what has not ended is let go on: nobody waits for ever for an answer that began
 * @throws UpstreamFailed when it breaks off while it is read
 */
export async function heldAnswer(response: Response, upstream: string, withinMs: number): Promise<HeldAnswer> {
  const { headers, body } = response
  const untouched = (problem: string) => ({ response, bytes: err(`answer ${problem}`) })
  if (body === null) return untouched('empty')
  if (!isJson(headers.get('content-type'))) return untouched('not-json')
  if (headers.has('content-encoding')) return untouched('encoded')
  // WHY: one that says it is too large is not held up (DECISIONS 23).
  if (Number(headers.get('content-length') ?? 0) > MOST_READ) return untouched('too-large')
  const over = Promise.withResolvers<null>()
  const timer = setTimeout(over.resolve, withinMs, null)
  try {
    return await read(response, body.getReader(), upstream, over.promise)
  } finally {
    clearTimeout(timer)
  }
}

type Reader = ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>
type Piece = ReturnType<Reader['read']>

async function read(response: Response, reader: Reader, upstream: string, over: Promise<null>): Promise<HeldAnswer> {
  const chunks: Uint8Array[] = []
  const letGo = (problem: string, next: Piece | null): HeldAnswer => ({
    response: withBody(response, onward(chunks, next, reader)),
    bytes: err(`answer ${problem}`),
  })
  for (let size = 0; size <= MOST_READ; ) {
    const next = reader.read()
    const piece = await Promise.race([next, over]).catch(() => brokenOff(upstream))
    if (piece === null) return letGo('too-slow', next)
    if (piece.done) {
      const bytes = joined(chunks, size)
      return { response: withBody(response, bytes), bytes: ok(bytes) }
    }
    chunks.push(piece.value)
    size += piece.value.byteLength
  }
  return letGo('too-large', null)
}

function withBody({ status, statusText, headers }: Response, body: BodyInit): Response {
  return new Response(body, { status, statusText, headers })
}

/** What was read so far, what was asked for and has not come, and then the rest as it comes. */
function onward(chunks: readonly Uint8Array[], asked: Piece | null, reader: Reader): ReadableStream<Uint8Array> {
  let next = 0
  let waiting = asked
  const rest = () => {
    const piece = waiting ?? reader.read()
    waiting = null
    return piece
  }
  return new ReadableStream({
    async pull(controller) {
      const held = chunks[next++]
      const { done, value } = held === undefined ? await rest() : { done: false, value: held }
      if (done || value === undefined) controller.close()
      else controller.enqueue(value)
    },
    cancel: (reason) => reader.cancel(reason),
  })
}

function brokenOff(upstream: string): never {
  throw new UpstreamFailed('unreachable', 'the answer broke off', { error: 'http_response_incomplete', upstream })
}
