import { type ClientOptions, WebSocket } from 'ws'

/** What came of opening a socket. */
export type Opening =
  | { readonly kind: 'open'; readonly socket: OpenSocket }
  | {
      readonly kind: 'refused'
      readonly status: number
      readonly headers: Readonly<Record<string, unknown>>
      readonly body: string
    }

/** An open socket that keeps what it gets until it is asked for. */
export interface OpenSocket {
  readonly raw: WebSocket
  /** The next message, text as text and binary as bytes. */
  next(): Promise<string | Buffer>
  /** How it ended. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
}

/** Opens a socket as a client library does; a refusal is an answer, not an error. */
export function openSocket(
  url: string,
  options: { readonly protocols?: string[]; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Opening> {
  const settings: ClientOptions = { headers: { ...options.headers }, maxPayload: 32 * 1024 * 1024 }
  const raw = new WebSocket(url.replace(/^http/, 'ws'), options.protocols ?? [], settings)
  const kept: (string | Buffer)[] = []
  const waiting: ((message: string | Buffer) => void)[] = []
  raw.on('message', (data, isBinary) => {
    const message = isBinary ? (data as Buffer) : (data as Buffer).toString()
    const taker = waiting.shift()
    if (taker === undefined) kept.push(message)
    else taker(message)
  })
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    raw.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  )
  const next = () => {
    const first = kept.shift()
    return first === undefined
      ? new Promise<string | Buffer>((resolve) => waiting.push(resolve))
      : Promise.resolve(first)
  }
  return new Promise((resolve, reject) => {
    raw.once('open', () => resolve({ kind: 'open', socket: { raw, next, closed } }))
    raw.once('unexpected-response', (_request, response) => {
      let body = ''
      response.on('data', (chunk) => (body += chunk))
      response.on('end', () =>
        resolve({ kind: 'refused', status: response.statusCode ?? 0, headers: response.headers, body }),
      )
    })
    raw.once('error', reject)
  })
}

/** The same, for a socket that must open. */
export async function mustOpen(...args: Parameters<typeof openSocket>): Promise<OpenSocket> {
  const opening = await openSocket(...args)
  if (opening.kind === 'refused') throw new Error(`refused with ${opening.status}: ${opening.body}`)
  return opening.socket
}
