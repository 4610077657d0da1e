import { type IncomingMessage, request } from 'node:http'

/** One request as a test writes it. */
export interface Asked {
  readonly method: string
  readonly path: string
  readonly headers?: readonly (readonly [string, string])[]
  readonly body?: Buffer
  /** `length`: Content-Length; `chunked`: sent in pieces without one. */
  readonly framing?: 'length' | 'chunked'
}

/** What a client can see of an answer. */
export interface Seen {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
}

/** What belongs to the connection and not to the answer (RFC 9110 section 7.6.1). */
const OF_THE_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'date', 'server'])

/** Header pairs in lower case, sorted by name; the values of one name in the order they came. */
export function comparable(rawHeaders: readonly string[]): readonly (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase()
    if (!OF_THE_HOP.has(name)) pairs.push([name, rawHeaders[i + 1] ?? ''])
  }
  return pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

/** The whole body of a message. */
export async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of message) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

/** Sends a request to the byte as it is written, and answers everything the client sees. */
export function exchange(port: number, asked: Asked): Promise<Seen> {
  const isNamed = asked.headers?.some(([name]) => name === 'host') === true
  const headers: Record<string, string | string[]> = isNamed ? {} : { host: `localhost:${port}` }
  for (const [name, value] of asked.headers ?? [])
    headers[name] = headers[name] === undefined ? value : [headers[name], value].flat()
  if (asked.body !== undefined && asked.framing !== 'chunked') headers['content-length'] = String(asked.body.length)
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method: asked.method, path: asked.path, headers }, (answer) => {
      bodyOf(answer).then(
        (body) =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: comparable(answer.rawHeaders),
            body: body.toString('base64'),
          }),
        reject,
      )
    })
    sent.on('error', reject)
    if (asked.framing === 'chunked' && asked.body !== undefined) {
      const half = Math.floor(asked.body.length / 2)
      sent.write(asked.body.subarray(0, half))
      sent.end(asked.body.subarray(half))
    } else sent.end(asked.body)
  })
}
