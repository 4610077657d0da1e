import { err, ok, type Result } from '../core/result.ts'
import { UpstreamFailed } from '../ports/upstream.ts'
import { joined, MOST_READ } from './held-body.ts'
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
 * @throws UpstreamFailed when it breaks off while it is read
 */
export async function heldAnswer(response: Response, upstream: string): Promise<HeldAnswer> {
  const { headers, body } = response
  const untouched = (problem: string) => ({ response, bytes: err(`answer ${problem}`) })
  if (body === null) return untouched('empty')
  if (!isJson(headers.get('content-type'))) return untouched('not-json')
  if (headers.has('content-encoding')) return untouched('encoded')
  // WHY: one that says it is too large is not held up (DECISIONS 23).
  if (Number(headers.get('content-length') ?? 0) > MOST_READ) return untouched('too-large')
  return read(response, body.getReader(), upstream)
}

async function read(
  response: Response,
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
  upstream: string,
): Promise<HeldAnswer> {
  const chunks: Uint8Array[] = []
  for (let size = 0; size <= MOST_READ; ) {
    const { done, value } = await reader.read().catch(() => brokenOff(upstream))
    if (done) {
      const bytes = joined(chunks, size)
      return { response: withBody(response, bytes), bytes: ok(bytes) }
    }
    chunks.push(value)
    size += value.byteLength
  }
  return { response: withBody(response, onward(chunks, reader)), bytes: err('answer too-large') }
}

function withBody({ status, statusText, headers }: Response, body: BodyInit): Response {
  return new Response(body, { status, statusText, headers })
}

/** What was read so far, and then the rest as it comes. */
function onward(
  chunks: readonly Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  let next = 0
  return new ReadableStream({
    async pull(controller) {
      const held = chunks[next++]
      const { done, value } = held === undefined ? await reader.read() : { done: false, value: held }
      if (done || value === undefined) controller.close()
      else controller.enqueue(value)
    },
    cancel: (reason) => reader.cancel(reason),
  })
}

function brokenOff(upstream: string): never {
  throw new UpstreamFailed('unreachable', 'the answer broke off', { error: 'http_response_incomplete', upstream })
}
