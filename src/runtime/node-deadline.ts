import type { IncomingMessage, ServerResponse } from 'node:http'

/** How long the head of a request may take to come, milliseconds; a connection that brings nothing counts from its beginning. */
export const HEAD_MS = 60_000

/** How often that is looked at, milliseconds. */
export const HEAD_LOOK_MS = 10_000

/** How long a body for one of our own endpoints may take as a whole, and one that is looked at on its way stand still. */
const BODY_MS = 60_000

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
 * @param ms - milliseconds
 */
export function bodyDeadline(incoming: IncomingMessage, outgoing: ServerResponse, ms: number = BODY_MS): void {
  const timer = setTimeout(() => incoming.complete || tooLate(incoming, outgoing), ms)
  incoming.once('close', () => clearTimeout(timer))
}

/**
 * The pieces of a body as they are asked for; one that does not come in time ends the connection. Time in which nobody asks does
 * not count: a slow service is not a slow client.
 *
 * @param ms - milliseconds
 */
export async function* bodyInTime(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  ms: number = BODY_MS,
): AsyncGenerator<Buffer> {
  const pieces = incoming.iterator({ destroyOnReturn: false })
  try {
    for (;;) {
      const timer = setTimeout(tooLate, ms, incoming, outgoing)
      const { done, value } = await pieces.next().finally(() => clearTimeout(timer))
      if (done === true) return
      yield value as Buffer
    }
  } finally {
    await pieces.return?.()
  }
}
