import type { IncomingMessage, ServerResponse } from 'node:http'
import { webBody } from './web-body.ts'

/** How long the head of a request may take to come, milliseconds; a connection that brings nothing counts from its beginning. */
export const HEAD_MS = 60_000

/** How often that is looked at, milliseconds. */
export const HEAD_LOOK_MS = 10_000

/** How long a body for one of our own endpoints may take as a whole, milliseconds, beside one for each 64 bytes that it announces. */
const BODY_MS = 60_000
const BYTES_A_MS = 64

/** How long a body may stand still that is read here for a decision. */
export const READ_MS = 60_000

/** Ends the connection, with the words Node has for a head that does not come (RFC 9110 section 15.5.9). */
function tooLate({ socket }: IncomingMessage, outgoing: ServerResponse): void {
  if (socket.destroyed) return
  if (!outgoing.headersSent) socket.write('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n')
  socket.destroySoon()
}

/**
 * Ends the connection when the body of its request has not come whole in time.
 *
 * ATTACK: a body that never ends costs who sends it nothing, and here a connection (slowloris).
 *
 * @param ms - milliseconds, beside those for its length
 */
export function bodyDeadline(incoming: IncomingMessage, outgoing: ServerResponse, ms: number = BODY_MS): void {
  const length = Number(incoming.headers['content-length'] ?? 0)
  const timer = setTimeout(() => incoming.complete || tooLate(incoming, outgoing), ms + length / BYTES_A_MS)
  incoming.once('close', () => clearTimeout(timer))
}

/**
 * A body as it is asked for; when it does not go on in time its connection ends. Time in which nobody asks does not count: a slow
 * service is not a slow client.
 *
 * @param ms - milliseconds
 */
export function bodyInTime(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  ms: number,
): ReadableStream<Uint8Array> {
  // WHY: with its body the client's connection would end, before the answer is through.
  const reader = webBody(incoming, 'leave').getReader()
  const source = {
    async pull(controller: ReadableStreamDefaultController<Uint8Array>) {
      const timer = setTimeout(tooLate, ms, incoming, outgoing)
      const { done, value } = await reader.read().finally(() => clearTimeout(timer))
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: (reason: unknown) => reader.cancel(reason),
  }
  // WHY: nothing is asked for ahead.
  return new ReadableStream(source, { highWaterMark: 0 })
}
