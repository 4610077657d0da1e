import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createClient, ErrorReply, MultiErrorReply } from 'redis'

/** A REST server that speaks Upstash's protocol in front of a real Redis. */
export interface UpstashBridge {
  readonly url: string
  readonly token: string
  /** How many requests came, and the last one's path. */
  readonly seen: { count: number; path: string }
  stop(): Promise<void>
}

/** Settings for tests of what goes wrong on the way. */
export interface BridgeOptions {
  /** Answers instead of the bridge; null leaves the request to it. */
  readonly intercept?: (path: string, body: unknown) => { readonly status: number; readonly body: string } | null
}

type Outcome = { readonly result: unknown } | { readonly error: string }

// WHY: Upstash encodes every string of an answer, also in lists, except the status OK.
function encoded(value: unknown, encoding: string): unknown {
  if (typeof value === 'string') {
    return encoding === 'base64' && value !== 'OK' ? Buffer.from(value, 'utf8').toString('base64') : value
  }
  return Array.isArray(value) ? value.map((part) => encoded(part, encoding)) : value
}

function commandOf(value: unknown): string[] | null {
  if (!Array.isArray(value) || value.length === 0) return null
  const words: string[] = []
  for (const word of value) {
    if (typeof word === 'string') words.push(word)
    else if (typeof word === 'number' || typeof word === 'boolean') words.push(String(word))
    else if (word === null) words.push('')
    else words.push(JSON.stringify(word))
  }
  return words
}

function outcomeOf(reply: unknown): Outcome {
  return reply instanceof ErrorReply ? { error: reply.message } : { result: reply }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array))
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown
  } catch {
    return undefined
  }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

/** Starts the bridge on a free loopback port. */
export async function startUpstashBridge(redisUrl: string, options: BridgeOptions = {}): Promise<UpstashBridge> {
  const token = 'bridge-token'
  const seen = { count: 0, path: '' }
  const client = createClient({ url: redisUrl, RESP: 2 })
  client.on('error', () => {})
  await client.connect()

  async function execute(words: string[]): Promise<Outcome> {
    try {
      return { result: await client.sendCommand(words) }
    } catch (thrown) {
      if (thrown instanceof ErrorReply) return { error: thrown.message }
      throw thrown
    }
  }

  async function transaction(commands: string[][]): Promise<readonly Outcome[] | { readonly error: string }> {
    const multi = client.multi()
    for (const words of commands) multi.addCommand(words)
    try {
      return (await multi.exec()).map((result) => ({ result }))
    } catch (thrown) {
      // WHY: one command of a transaction may fail and the others stand; a transaction refused as a whole is one error.
      if (thrown instanceof MultiErrorReply) return thrown.replies.map(outcomeOf)
      if (thrown instanceof ErrorReply) return { error: thrown.message }
      throw thrown
    }
  }

  async function many(
    body: unknown,
    atomic: 'atomic' | 'each',
  ): Promise<readonly Outcome[] | { readonly error: string }> {
    const commands = Array.isArray(body) ? body.map(commandOf) : []
    const known = commands.filter((words) => words !== null)
    if (known.length === 0 || known.length !== commands.length) {
      return { error: 'ERR failed to parse pipeline request' }
    }
    if (atomic === 'atomic') return transaction(known)
    const outcomes: Outcome[] = []
    for (const words of known) outcomes.push(await execute(words))
    return outcomes
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://bridge').pathname
    seen.count += 1
    seen.path = path
    const body = await bodyOf(request)
    const instead = options.intercept?.(path, body) ?? null
    if (instead !== null) return answer(response, instead.status, instead.body)
    if (request.headers.authorization !== `Bearer ${token}`) return answer(response, 401, { error: 'Unauthorized' })
    if (request.method !== 'POST') return answer(response, 405, { error: 'Method not allowed' })
    const encoding = String(request.headers['upstash-encoding'] ?? '')
    if (path === '/pipeline' || path === '/multi-exec') {
      const outcomes = await many(body, path === '/pipeline' ? 'each' : 'atomic')
      if ('error' in outcomes) return answer(response, 400, outcomes)
      const list = outcomes.map((one) => ('result' in one ? { result: encoded(one.result, encoding) } : one))
      return answer(response, 200, list)
    }
    const words = commandOf(body)
    if (path !== '/' || words === null) return answer(response, 400, { error: 'ERR failed to parse command' })
    const outcome = await execute(words)
    if ('error' in outcome) return answer(response, 400, outcome)
    return answer(response, 200, { result: encoded(outcome.result, encoding) })
  }

  const server: Server = createServer((request, response) => {
    handle(request, response).catch(() => answer(response, 500, { error: 'ERR bridge' }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    token,
    seen,
    async stop() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
      client.destroy()
    },
  }
}
