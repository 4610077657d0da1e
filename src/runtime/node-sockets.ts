import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from 'ws'
import type { Answer } from '../core/answer.ts'
import { answer } from '../pipeline/answer.ts'
import { authorize } from '../pipeline/authorize.ts'
import { dress, upstreamTarget } from '../pipeline/dress.ts'
import { failure, unaskable } from '../pipeline/failure.ts'
import type { Arrival } from '../pipeline/intake.ts'
import { upstreamOf } from '../pipeline/proxy.ts'
import { record } from '../pipeline/record.ts'
import type { Gateway } from '../ports/gateway.ts'
import { UpstreamFailed } from '../ports/upstream.ts'
import { slide } from '../session/slide.ts'
import type { LeaseBook } from './lease-book.ts'
import { pairsOf } from './node-headers.ts'
import { askFromIncoming } from './node-intake.ts'
import { pump } from './node-pump.ts'

/** Largest message either way, bytes. */
const MAX_MESSAGE = 16 * 1024 * 1024

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}

function refuseUpgrade(socket: Duplex, finished: Answer): void {
  const body = finished.body ?? ''
  const lines = finished.headers.map(([name, value]) => `${name}: ${value}`)
  const head = [
    `HTTP/1.1 ${finished.status} ${REASONS[finished.status] ?? 'Refused'}`,
    ...lines,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

function offeredProtocols(incoming: IncomingMessage): string[] {
  const header = incoming.headers['sec-websocket-protocol'] ?? ''
  return header
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}

/** Opens the upstream's side first: only a socket that is there is promised to the client. */
function connectUpstream(
  url: string,
  protocols: string[],
  headers: readonly (readonly [string, string])[],
  timeoutMs: number,
): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const plain: Record<string, string> = {}
    for (const [name, value] of headers) if (name.toLowerCase() !== 'sec-websocket-protocol') plain[name] = value
    const upstream = new WebSocket(url, protocols, {
      headers: plain,
      followRedirects: false,
      handshakeTimeout: timeoutMs,
      maxPayload: MAX_MESSAGE,
    })
    upstream.binaryType = 'nodebuffer'
    upstream.once('open', () => resolve(upstream))
    upstream.once('unexpected-response', (request, response) => {
      request.destroy()
      reject(new UpstreamFailed('upgrade-refused', `status ${response.statusCode}`))
    })
    upstream.once('error', (error) => reject(new UpstreamFailed('unreachable', error.name)))
  })
}

/** What the upgrades of a process need. */
export interface SocketFront {
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer, arrival: Arrival): Promise<void>
}

/** Upgrades on Node: decide, connect the upstream first, accept with its subprotocol, pump under a lease. */
export function nodeSockets(gateway: Gateway, leases: LeaseBook): SocketFront {
  const server = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE, perMessageDeflate: true })
  return {
    async upgrade(incoming, socket, head, arrival) {
      const began = gateway.runtime.ticks()
      socket.on('error', () => socket.destroy())
      const asked = askFromIncoming(incoming, arrival, gateway.config)
      if (!asked.ok) return refuseUpgrade(socket, unaskable(asked.fault, arrival, gateway))
      const ask = asked.value
      try {
        const verdict = await authorize(ask, gateway)
        record(ask, gateway, verdict, verdict.kind === 'allow' ? 101 : 0, began)
        if (verdict.kind !== 'allow') return refuseUpgrade(socket, answer(verdict, ask, gateway))
        const { rule, subject } = verdict
        const to = upstreamOf(rule, gateway)
        const target = upstreamTarget(ask, to) ?? ask.target.path
        const identity = await gateway.identity.headers(subject, gateway.policy(), to)
        const headers = dress(
          ask,
          pairsOf(incoming.rawHeaders),
          incoming.headers.connection ?? null,
          subject,
          to,
          identity,
          gateway,
        )
        const upstream = await connectUpstream(
          `${to.url.replace(/^http/, 'ws')}${target}`,
          offeredProtocols(incoming),
          headers,
          to.connectTimeoutMs,
        )
        // WHY: frames that come before the client's side stands are kept: the upstream may speak first.
        upstream.pause()
        server.handleUpgrade(withProtocol(incoming, upstream.protocol), socket, head, (client) => {
          const active = () => {
            if (subject?.kind === 'session' && rule.activity) slide(gateway, subject.user, subject.session)
          }
          pump({
            client,
            upstream,
            active,
            ask,
            leases,
            leased: rule.websocket.lease === 'on' && subject !== null,
            maxAgeSeconds: rule.websocket.maxAgeSeconds,
            now: gateway.runtime.now(),
          })
        })
      } catch (error) {
        refuseUpgrade(socket, failure(error instanceof Error ? error : new Error(String(error)), ask, arrival, gateway))
      }
    },
  }
}

// WHY: the library answers with the client's first offer; the upstream's choice is the one that counts.
function withProtocol(incoming: IncomingMessage, chosen: string): IncomingMessage {
  if (chosen === '') delete incoming.headers['sec-websocket-protocol']
  else incoming.headers['sec-websocket-protocol'] = chosen
  return incoming
}
