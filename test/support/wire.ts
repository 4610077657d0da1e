import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Server as SocketIo } from 'socket.io'
import { type WebSocket, WebSocketServer } from 'ws'

/** How a socket of the service ended. */
export interface WireClose {
  readonly path: string
  readonly code: number
  readonly reason: string
}

/** A service that a test runs itself, so that it sees both ends of the wire. */
export interface Wire {
  readonly port: number
  /** Upgrade requests in order. */
  readonly upgrades: IncomingMessage[]
  /** Closed sockets in order. */
  readonly closes: WireClose[]
  /** Live sockets by path. */
  readonly live: Map<string, WebSocket>
  /** Paths of upgrades that are being answered without end. */
  readonly serving: Set<string>
  readonly io: SocketIo
  /** Leaves upgrades of a path unanswered until it is released. */
  hold(path: string): () => void
  /** Answers HTTP; a test sets its own. */
  answer: (request: IncomingMessage, response: ServerResponse) => void
  stop(): Promise<void>
}

/** What the service does with a text message: `close:<code>:<reason>` closes, `frame:<hex>` sends those bytes, the rest is echoed. */
function act(socket: WebSocket, data: Buffer, isBinary: boolean): void {
  const text = isBinary ? '' : data.toString()
  const [, code, reason] = /^close:(\d+):(.*)$/s.exec(text) ?? []
  if (code !== undefined) socket.close(Number(code), reason)
  else if (text === 'close') socket.close()
  else if (text === 'vanish') socket.terminate()
  else if (text.startsWith('frame:')) rawOf(socket).write(Buffer.from(text.slice('frame:'.length), 'hex'))
  else if (text === 'fragments') {
    socket.send('one ', { fin: false })
    socket.send('two ', { fin: false })
    socket.send('three', { fin: true })
  } else socket.send(data, { binary: isBinary })
}

/** The connection below a socket, for frames that its library refuses to send. */
function rawOf(socket: WebSocket): Duplex {
  return (socket as unknown as { readonly _socket: Duplex })._socket
}

function movedAway(socket: Duplex, request: IncomingMessage): void {
  const to = new URL(request.url ?? '/', 'http://localhost').searchParams.get('to') ?? '/'
  socket.end(`HTTP/1.1 302 Found\r\nLocation: ${to}\r\ncontent-length: 0\r\n\r\n`)
}

function refused(socket: Duplex): void {
  const body = 'the room is full'
  socket.end(
    `HTTP/1.1 403 Full House\r\nX-Room: full\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
}

/** Takes no notice of an upgrade, as a service may, and answers it with events until somebody leaves. */
function served(socket: Duplex, status: string, over: () => void): void {
  socket.write(`HTTP/1.1 ${status}\r\ncontent-type: text/event-stream\r\n\r\n`)
  const events = setInterval(() => socket.write('data: more\n\n'), 50)
  socket.once('close', () => {
    clearInterval(events)
    over()
  })
}

/** Starts the service on a free loopback port; compression is off, as it is where nobody asked the library for it. */
export async function startWire(compression: 'off' | 'on' = 'off'): Promise<Wire> {
  const upgrades: IncomingMessage[] = []
  const closes: WireClose[] = []
  const live = new Map<string, WebSocket>()
  const serving = new Set<string>()
  const held = new Map<string, Promise<void>>()
  const server: Server = createServer({ keepAliveTimeout: 60_000 }, (request, response) =>
    wire.answer(request, response),
  )
  // WHY: the service chooses the last protocol offered, as no library does by itself, and none at `/unmoved`.
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered, { url }) => (url?.endsWith('/unmoved') ? false : ([...offered].at(-1) ?? false)),
    maxPayload: 32 * 1024 * 1024,
    perMessageDeflate: compression === 'on',
  })
  sockets.on('headers', (headers, { url }) => {
    if (url?.endsWith('/baked') === true)
      headers.push('Set-Cookie: theme=dark', 'Set-Cookie: __Host-postern=forged; Path=/; Secure; HttpOnly')
  })
  const io = new SocketIo({ serveClient: false })
  io.attach(server, { destroyUpgrade: false })
  server.on('upgrade', async (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    const path = (request.url ?? '').split('?')[0] ?? ''
    if (path.startsWith('/socket.io/')) return
    upgrades.push(request)
    await held.get(path)
    if (path.endsWith('/full')) return refused(socket)
    if (path.endsWith('/away')) return movedAway(socket, request)
    const status = path.endsWith('/served') ? '200 OK' : path.endsWith('/told') ? '403 No' : null
    if (status !== null) {
      serving.add(path)
      return served(socket, status, () => serving.delete(path))
    }
    sockets.handleUpgrade(request, socket, head, (opened) => {
      live.set(path, opened)
      if (path.endsWith('/early')) for (const text of ['first', 'second', 'third']) opened.send(text)
      if (path.endsWith('/broken')) socket.write(Buffer.from('ff0000', 'hex'))
      if (path.endsWith('/reset')) (socket as Socket).resetAndDestroy()
      opened.on('message', (data, isBinary) => act(opened, data as Buffer, isBinary))
      opened.on('close', (code, reason) => {
        closes.push({ path, code, reason: reason.toString() })
        live.delete(path)
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const wire: Wire = {
    port: (server.address() as AddressInfo).port,
    upgrades,
    closes,
    live,
    serving,
    io,
    hold(path) {
      const { promise, resolve } = Promise.withResolvers<void>()
      held.set(path, promise)
      return () => {
        held.delete(path)
        resolve()
      }
    },
    answer: (_request, response) => void response.end('wire'),
    async stop() {
      for (const socket of live.values()) socket.terminate()
      await io.close()
      server.closeAllConnections()
    },
  }
  return wire
}
