import { createServer, type Server, type Socket } from 'node:net'

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

/** What an upstream does with a request for `/assets/<name>`, as bytes and with the socket in hand. */
const MANNERS: Readonly<Record<string, (socket: Socket, whole: string) => void>> = {
  ok: (socket) => socket.write(OK),
  'reset-at-once': (socket) => socket.resetAndDestroy(),
  'reset-mid-head': (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-le', () => socket.resetAndDestroy()),
  'reset-mid-body': (socket) =>
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf', () =>
      setTimeout(() => socket.resetAndDestroy(), 30),
    ),
  'end-mid-body': (socket) =>
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf', () => setTimeout(() => socket.end(), 30)),
  'end-mid-chunk': (socket) =>
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\nhalf', () =>
      setTimeout(() => socket.end(), 30),
    ),
  'too-many-bytes': (socket) =>
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\npoisoned'),
  'both-lengths': (socket) =>
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'),
  'two-lengths': (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nokk'),
  'no-http': (socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n\r\n'),
  'bad-status': (socket) => socket.write('HTTP/1.1 999999 No\r\ncontent-length: 0\r\n\r\n'),
  'status-zero': (socket) => socket.write('HTTP/1.1 000 No\r\ncontent-length: 0\r\n\r\n'),
  'status-99': (socket) => socket.write('HTTP/1.1 099 No\r\ncontent-length: 0\r\n\r\n'),
  'switches-unasked': (socket) =>
    socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n'),
  'early-hints': (socket) => socket.write(`HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n${OK}`),
  'body-on-204': (socket) => socket.write('HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\nok'),
  'huge-head': (socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'a'.repeat(300_000)}\r\n\r\n`),
  'name-utf8': (socket) =>
    socket.write(
      'HTTP/1.1 200 OK\r\ncontent-disposition: attachment; filename="名.png"\r\ncontent-length: 2\r\n\r\nok',
    ),
  'name-latin1': (socket) =>
    socket.write(Buffer.from('HTTP/1.1 200 OK\r\nx-name: Zo\xeb\r\ncontent-length: 2\r\n\r\nok', 'latin1')),
  'split-head': (socket) => socket.write('HTTP/1.1 200 OK\r\nx-a: b\rset-cookie: c=d\r\ncontent-length: 2\r\n\r\nok'),
  slow: (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
    const drip = setInterval(() => socket.write('4\r\ndrip\r\n'), 20)
    socket.on('close', () => clearInterval(drip))
  },
  'answers-early': (socket) => socket.write('HTTP/1.1 413 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'),
}

/** How an upstream may misbehave. */
export const RUDE: readonly string[] = Object.keys(MANNERS)

/** An upstream that answers `/assets/<name>` with the manners of that name, byte by byte. */
export function rudeUpstream(): { readonly server: Server; readonly open: Set<Socket> } {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => open.delete(socket))
    let held = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      held += chunk
      if (!held.includes('\r\n\r\n')) return
      const name = /^[A-Z]+ \/assets\/([a-z0-9-]+)/.exec(held)?.[1] ?? 'ok'
      const whole = held
      held = ''
      MANNERS[name]?.(socket, whole)
    })
  })
  return { server, open }
}
