import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Ask } from '../core/ask.ts'
import type { Allowed } from '../pipeline/forward.ts'
import { HeldBody, type Why } from '../pipeline/held-body.ts'
import { forwardWatched } from '../pipeline/watch.ts'
import type { Config } from '../ports/config.ts'
import type { Gateway } from '../ports/gateway.ts'
import { breakOff, invite, linger } from './node-answer.ts'
import { bodyInTime, READ_MS } from './node-deadline.ts'
import { pairsOf } from './node-headers.ts'
import { mayGoOn, underWayOn } from './node-under-way.ts'

/** The body of a raw request; null when there is none, as on most of the hot path. */
export function heldIncoming(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  ask: Ask,
  { upstreams }: Pick<Config, 'upstreams'>,
): HeldBody | null {
  const { headers } = incoming
  if (headers['transfer-encoding'] === undefined && (ask.contentLength ?? 0) === 0) return null
  const open = (why: Why) => {
    invite(incoming, outgoing)
    // WHY: by then nobody has said which service it goes to; the most patient one is no less patient here.
    const idleMs = Math.max(...upstreams.map((upstream) => upstream.idleTimeoutMs))
    return bodyInTime(incoming, outgoing, why === 'read' ? READ_MS : idleMs)
  }
  return new HeldBody(ask, headers['content-encoding'] ?? null, open)
}

/** Sends a raw request of a watched rule on, and its answer back, through the same stage as every other front. */
export async function streamWatched(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  held: HeldBody | null,
  ask: Ask,
  gateway: Gateway,
  allowed: Allowed,
): Promise<void> {
  const abort = new AbortController()
  const { socket } = incoming
  const client = { clientGone: () => abort.abort() }
  // WHY: on Deno an answer that waits behind another one never closes.
  const left = new Promise<never>((_, reject) => abort.signal.addEventListener('abort', reject))
  left.catch(() => undefined)
  if (!mayGoOn(socket)) client.clientGone()
  const underWay = underWayOn(socket).add(client)
  try {
    const passage = {
      headers: pairsOf(incoming.rawHeaders),
      original: null,
      connection: incoming.headers.connection ?? null,
      signal: abort.signal,
    }
    const body = held ?? new HeldBody(ask, null, () => null)
    const response = await forwardWatched(passage, body, ask, gateway, allowed)
    outgoing.sendDate = false
    if (response.status === 413) outgoing.shouldKeepAlive = false
    outgoing.writeHead(response.status, response.statusText || undefined, [...response.headers].flat())
    if (response.body === null) outgoing.end()
    else await Promise.race([pipeline(Readable.fromWeb(response.body as never), outgoing), left])
  } catch (error) {
    // WHY: a client that is gone, or an answer cut half-way, has nobody left to be told.
    if (!abort.signal.aborted && !outgoing.headersSent) throw error
    breakOff(outgoing)
  } finally {
    underWay.delete(client)
    // WHY: a service that answers before it has read everything wants no more of it.
    if (!incoming.complete && outgoing.writableEnded) linger(incoming, () => incoming.socket.destroy())
  }
}
