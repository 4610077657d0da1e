import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from '../core/answer.ts'

/** How much of a body that nobody wants is read on, and for how long, so that its sender can hear why. */
const MOST_LINGERED = 1024 * 1024
const LINGER_MS = 1000

const WITHOUT_LENGTH: ReadonlySet<number> = new Set([204, 205, 304])

/** Whether a raw request has a body. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/**
 * Tells a client that waits for it to send the body, once; only when somebody is going to read it (RFC 9110 section
 * 10.1.1).
 */
export function invite(incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (incoming.headers.expect === undefined) return
  delete incoming.headers.expect
  outgoing.writeContinue()
}

/** Reads on for a while and keeps nothing, then calls `done`: a connection cut at once may take the answer with it. */
export function linger(incoming: IncomingMessage, done: () => void): void {
  let left = MOST_LINGERED
  const finish = () => {
    clearTimeout(limit)
    incoming.removeListener('data', onData)
    done()
  }
  const onData = (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) finish()
  }
  const limit = setTimeout(finish, LINGER_MS)
  incoming.once('end', finish)
  incoming.once('close', finish)
  incoming.on('data', onData)
  incoming.resume()
}

/**
 * Ends an answer in the middle, so that it does not look whole.
 *
 * WHY: HTTP/1.0 knows no chunks: the end of the connection is the end of the body there, and only a reset says that it is
 * not (RFC 9112 section 8).
 */
export function breakOff(outgoing: ServerResponse): void {
  if (outgoing.req.httpVersion === '1.0' && outgoing.socket !== null) outgoing.socket.resetAndDestroy()
  else outgoing.destroy()
}

/**
 * Writes a finished answer of our own. Where the request's body has not come whole, the connection ends with it.
 *
 * ATTACK: a body that nobody wants is not read to its end, however long it says it is.
 */
export function toServerResponse(finished: Answer, outgoing: ServerResponse): void {
  if (outgoing.headersSent) {
    breakOff(outgoing)
    return
  }
  const { req: incoming } = outgoing
  const isUnread = hasBody(incoming) && !incoming.complete
  if (isUnread) outgoing.shouldKeepAlive = false
  const headers = finished.headers.flat()
  if (!WITHOUT_LENGTH.has(finished.status))
    headers.push('content-length', String(Buffer.byteLength(finished.body ?? '')))
  outgoing.writeHead(finished.status, headers)
  if (!isUnread) {
    outgoing.end(finished.body ?? undefined)
    return
  }
  outgoing.write(finished.body ?? '')
  outgoing.flushHeaders()
  linger(incoming, () => outgoing.end())
}
