import { connect, type Socket } from 'node:net'

/** A connection that writes and reads the very bytes. */
export interface Raw {
  readonly socket: Socket
  /** Everything that came so far, one character a byte. */
  text(): string
  /** Resolves with everything once the other side has closed. */
  readonly closed: Promise<string>
  /** Waits until what came satisfies a check. */
  until(check: (text: string) => boolean): Promise<string>
  write(text: string | Buffer): void
}

/** Opens a connection to a port of this machine. */
export function openRaw(port: number): Raw {
  const socket = connect(port, '127.0.0.1')
  let got = ''
  socket.setEncoding('latin1')
  socket.on('data', (chunk) => (got += chunk))
  socket.on('error', () => undefined)
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(got)))
  return {
    socket,
    text: () => got,
    closed,
    async until(check) {
      for (let tries = 0; !check(got); tries++) {
        if (tries > 600) throw new Error(`never came; so far: ${got.slice(0, 500)}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      return got
    },
    write: (text) => void socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text),
  }
}

/** A request head as it stands on the wire. */
export function head(line: string, port: number, ...headers: readonly string[]): string {
  return [`${line} HTTP/1.1`, `Host: localhost:${port}`, ...headers, '', ''].join('\r\n')
}

/** Writes these lines as they stand and a blank one, and answers what came back up to the end of its head. */
export function headOf(port: number, lines: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      answer += chunk
      if (answer.includes('\r\n\r\n')) socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
    socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  })
}
