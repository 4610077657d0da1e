import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import type { Allowed } from '../pipeline/forward.ts'
import { HeldBody } from '../pipeline/held-body.ts'
import { settled } from '../pipeline/watch.ts'
import type { Gateway } from '../ports/gateway.ts'
import { UpstreamFailed } from '../ports/upstream.ts'
import { pairsOf, returnable } from './node-headers.ts'
import { webBody } from './web-body.ts'

function headOf(status: number, reason: string, flat: readonly string[]): string {
  const lines: string[] = []
  for (let i = 0; i + 1 < flat.length; i += 2) lines.push(`${flat[i]}: ${flat[i + 1]}`)
  return [`HTTP/1.1 ${status} ${reason}`, ...lines, 'connection: close', '', ''].join('\r\n')
}

/** Milliseconds a client has to close its half once it was refused; what it still sends meanwhile is read and forgotten. */
const LINGER_MS = 1000

// ATTACK: no timeout of the server looks at a connection that asked for an upgrade: a client that never closes its half
// would keep it for as long as it likes.
function letGoAfter(socket: Duplex): void {
  socket.resume()
  socket.once('finish', () => {
    const limit = setTimeout(() => socket.destroy(), LINGER_MS)
    socket.once('close', () => clearTimeout(limit))
  })
}

/** Writes a finished answer of our own where a socket was asked for. */
export function refuseUpgrade(socket: Duplex, finished: Answer): void {
  const body = finished.body ?? ''
  const headers = [...finished.headers.flat(), 'content-length', String(Buffer.byteLength(body))]
  letGoAfter(socket)
  socket.end(`${headOf(finished.status, STATUS_CODES[finished.status] ?? 'Refused', headers)}${body}`)
}

/** Passes on the answer with which an upstream refused a socket, as it came. */
export function relayRefusal(socket: Duplex, response: IncomingMessage): void {
  const { statusCode = 502, statusMessage = '', rawHeaders } = response
  // WHY: a service does not go on for a client who left, be it before the answer or in the middle of it.
  if (socket.destroyed) return void response.destroy()
  socket.once('close', () => response.destroy())
  // ATTACK: header bytes of an upstream are written by hand here; Node's parser let no line break through.
  socket.write(headOf(statusCode, statusMessage, returnable(rawHeaders, 'all').headers), 'latin1')
  response.on('error', () => socket.destroy())
  letGoAfter(socket)
  response.pipe(socket)
}

/** Whether what a service answered to an upgrade refuses it: a 2xx is what a plain request gets (RFC 9110 section 7.8). */
export function isRefusal({ statusCode = 502 }: IncomingMessage): boolean {
  return statusCode >= 300
}

/**
 * What becomes of an upgrade that a service served as a plain request. The work was done, so it counts; its answer is
 * nobody's: on this connection nothing would hold it to its session.
 *
 * @throws StoreUnavailable where what the rule does on a 2xx cannot be done
 */
export async function servedInstead(
  response: IncomingMessage,
  ask: Ask,
  gateway: Gateway,
  allowed: Allowed,
): Promise<UpstreamFailed> {
  const { statusCode: status = 200, rawHeaders } = response
  try {
    const body = status === 204 || status === 205 ? null : webBody(response)
    const headers = Array.from(pairsOf(rawHeaders), ([name, value]): [string, string] => [name, value])
    const answer = new Response(body, { status, headers })
    await settled(answer, new HeldBody(ask, null, () => null), ask, gateway, allowed)
  } finally {
    response.destroy()
  }
  return new UpstreamFailed('upgrade-refused', `answered ${status}`, { upstream: allowed.rule.upstream })
}
