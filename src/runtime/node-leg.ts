import type { ClientRequest, IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import { UpstreamFailed } from '../ports/upstream.ts'
import { nodeFailure } from './node-failure.ts'
import { beforeSecondTry, maySendAgain, type UpstreamLine } from './upstream-line.ts'

/** The upstream's side of an upgrade, or the answer with which it refused. */
export type Leg =
  | {
      readonly kind: 'open'
      readonly socket: WebSocket
      /** The subprotocol that the service chose; empty: none. */
      readonly protocol: string
    }
  | { readonly kind: 'refused'; readonly response: IncomingMessage }

/** How an upstream's side is opened. */
export interface LegWish {
  /** Where the service is, without a path. */
  readonly origin: string
  /** Path and query, exactly as they shall stand on the wire. */
  readonly target: string
  readonly protocols: string[]
  readonly headers: readonly (readonly [string, string])[]
  /** Until there is a connection, and until the upstream has answered on it. */
  readonly connectTimeoutMs: number
  readonly responseTimeoutMs: number
  readonly maxMessage: number
  /** Whether the client offers compression: only then is the service asked for it. */
  readonly compression: 'offered' | 'none'
}

/**
 * Compression of a service's leg. Nothing is compressed on the way to it, which is near: a compressor costs 100 KB a
 * socket. What it chose to compress for its players is unpacked here.
 */
const UNPACKED = {
  clientNoContextTakeover: true,
  threshold: Number.MAX_SAFE_INTEGER,
  zlibInflateOptions: { chunkSize: 4 * 1024 },
} as const

/** Whether an open socket has compression. */
export function isCompressed({ extensions }: WebSocket): boolean {
  return extensions.includes('permessage-deflate')
}

const PROTOCOL = 'sec-websocket-protocol'

function plainHeaders(pairs: LegWish['headers']): Record<string, string | string[]> {
  // WHY: clients choose the names: `constructor` is in every plain object already, and `__proto__` is no member of one.
  const plain: Record<string, string | string[]> = Object.create(null)
  for (const [name, value] of pairs) {
    if (name.toLowerCase() === PROTOCOL) continue
    const before = plain[name]
    plain[name] = before === undefined ? value : [before, value].flat()
  }
  return plain
}

/** Nobody took the connection in time; known by its code, as the failures of the other hops are. */
class NotConnected extends Error {
  readonly code = 'ETIMEDOUT'
}

/** Sends the request of an upgrade for its very target, and cuts it when nobody takes the connection in time. */
function sendWithin({ target, connectTimeoutMs }: LegWish): (request: ClientRequest) => void {
  return (request) => {
    // WHY: the library parses an address and writes its query anew; these bytes were judged and signed (DECISIONS 21).
    request.path = target
    const timer = setTimeout(() => request.destroy(new NotConnected()), connectTimeoutMs)
    const clear = () => clearTimeout(timer)
    request.once('close', clear)
    request.once('socket', (socket) => {
      if (socket.connecting) socket.once('connect', clear)
      else clear()
    })
    request.end()
  }
}

/**
 * Opens the upstream's side first: only a socket that is there is promised to the client. It rests with the requests of
 * its upstream, and is tried twice as they are.
 *
 * @throws UpstreamFailed
 */
export async function openLeg(line: UpstreamLine, wish: LegWish): Promise<Leg> {
  line.enter()
  try {
    return await answeredBy(line, wish)
  } catch (error) {
    const failure = noted(error, line)
    if (!maySendAgain(failure, 'GET', 'no body')) throw failure
  }
  await beforeSecondTry()
  return answeredBy(line, wish).catch((error: unknown) => Promise.reject(noted(error, line)))
}

async function answeredBy(line: UpstreamLine, wish: LegWish): Promise<Leg> {
  const leg = await connectLeg(wish)
  line.answered()
  return leg
}

function noted(error: unknown, line: UpstreamLine): UpstreamFailed {
  const failure = failureOf(error, line.name)
  line.failed(failure)
  return failure
}

/** What a leg came to nothing by: the library tells its own reasons in words alone. */
function failureOf(error: unknown, upstream: string): UpstreamFailed {
  const said = error instanceof Error ? error.message : ''
  if (/handshake has timed out/i.test(said)) return new UpstreamFailed('timeout', 'handshake', { upstream })
  if (/^(Invalid|Server sent|Unexpected)/.test(said)) return new UpstreamFailed('upgrade-refused', said, { upstream })
  return nodeFailure(error, upstream)
}

function connectLeg(wish: LegWish): Promise<Leg> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(wish.origin, wish.protocols, {
      headers: plainHeaders(wish.headers) as Record<string, string>,
      followRedirects: false,
      handshakeTimeout: wish.responseTimeoutMs,
      maxPayload: wish.maxMessage,
      perMessageDeflate: wish.compression === 'offered' ? UNPACKED : false,
      finishRequest: sendWithin(wish),
    })
    socket.binaryType = 'nodebuffer'
    let hasChosen = true
    // WHY: a service may choose none of what is offered, and whether to go on without one is for the client to say (RFC 6455
    // section 4.1): the library would say no in its place.
    socket.once('upgrade', ({ headers }) => {
      hasChosen = headers[PROTOCOL] !== undefined
      if (!hasChosen && wish.protocols[0] !== undefined) headers[PROTOCOL] = wish.protocols[0]
    })
    // WHY: paused at once: frames that come before the client's side stands are kept; the upstream may speak first.
    socket.once('open', () => {
      socket.pause()
      resolve({ kind: 'open', socket, protocol: hasChosen ? socket.protocol : '' })
    })
    socket.once('unexpected-response', (_request, response) => resolve({ kind: 'refused', response }))
    socket.on('error', reject)
  })
}
