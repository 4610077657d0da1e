import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** How long a service may take to its answer, and what comes after that is looked for, ms. */
const HEAD_MS = 4_000
const AFTER_MS = 300

/** Without answers such as 103, which are followed by the answer itself (RFC 9110 section 15.2). */
function withoutHints(text: string): string {
  const end = text.indexOf('\r\n\r\n')
  return end !== -1 && /^HTTP\/1\.1 1\d\d /.test(text) ? withoutHints(text.slice(end + 4)) : text
}

/**
 * Whether a service sends bytes that belong to no answer: it is asked by HEAD, whose answer ends with its head (RFC 9110
 * section 9.3.2). False too where it does not answer: that is told by others.
 */
export function sendsSurplus(address: string): Promise<boolean> {
  const { protocol, hostname, host, port } = new URL(address)
  const isTls = protocol === 'https:'
  // WHY: sockets want an IPv6 address without its brackets.
  const target = { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? (isTls ? 443 : 80) : Number(port) }
  const socket = isTls ? connectTls({ ...target, servername: hostname }) : connect(target)
  return new Promise((resolve) => {
    let got = ''
    let timer = setTimeout(() => end(false), HEAD_MS)
    const end = (found: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(found)
    }
    const onData = (chunk: Buffer) => {
      got = withoutHints(got + chunk.toString('latin1'))
      const head = got.indexOf('\r\n\r\n')
      if (head === -1) return
      if (got.length > head + 4) return end(true)
      clearTimeout(timer)
      timer = setTimeout(() => end(false), AFTER_MS)
    }
    socket.on('data', onData)
    socket.once('error', () => end(false))
    socket.once('close', () => end(false))
    socket.write(`HEAD / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  })
}
