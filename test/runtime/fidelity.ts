import type { IncomingMessage, ServerResponse } from 'node:http'
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { beforeAll, expect, test } from 'vitest'
import { type Asked, bodyOf, comparable, exchange, type Seen } from '../support/exchange.ts'
import { head, openRaw } from '../support/raw.ts'
import type { SocketPlace } from './sockets.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY', 'PROPFIND']
const WITH_BODY = ['POST', 'PUT', 'PATCH', 'DELETE', 'QUERY']
const STATUSES = [200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 304, 307, 308]
const REFUSALS = [400, 401, 403, 404, 405, 409, 410, 413, 418, 422, 429, 451, 500, 501, 502, 503, 504, 599]
const SHAPES = ['none', 'length', 'chunked', 'empty', 'gzip', 'br', 'zstd', 'deflate']
const WORDS = Buffer.from(`${'what the service says. '.repeat(40)}ünï ✓`)

const BODIES: Readonly<Record<string, { readonly bytes: Buffer; readonly headers: Readonly<Record<string, string>> }>> =
  {
    none: { bytes: Buffer.alloc(0), headers: {} },
    empty: { bytes: Buffer.alloc(0), headers: { 'Content-Length': '0' } },
    length: { bytes: WORDS, headers: { 'Content-Length': String(WORDS.length), 'Content-Type': 'text/plain' } },
    chunked: { bytes: WORDS, headers: { 'Content-Type': 'application/octet-stream' } },
    gzip: coded('gzip', gzipSync(WORDS)),
    br: coded('br', brotliCompressSync(WORDS)),
    zstd: coded('zstd', zstdCompressSync(WORDS)),
    // WHY: bytes that are not what they claim to be: whoever decodes would fail on them.
    deflate: coded('deflate', Buffer.from([1, 2, 3, 250, 251, 252])),
  }

function coded(encoding: string, bytes: Buffer) {
  return {
    bytes,
    headers: {
      'Content-Encoding': encoding,
      'Content-Length': String(bytes.length),
      ETag: '"strong"',
      Vary: 'Accept-Encoding',
    },
  }
}

/** The service: the path says what it answers with, `x-seen` what reached it. */
async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, , status = '200', shape = 'none'] = (request.url ?? '').split('?')[0]?.split('/') ?? []
  const body = await bodyOf(request)
  response.sendDate = false
  response.statusCode = Number(status)
  const { bytes, headers } = BODIES[shape] ?? { bytes: Buffer.alloc(0), headers: {} }
  const hasNone = [204, 205, 304].includes(Number(status))
  for (const [name, value] of Object.entries(headers))
    if (!hasNone || !name.startsWith('Content-Length')) response.setHeader(name, value)
  if (Number(status) >= 300 && Number(status) < 400)
    response.setHeader('Location', 'https://elsewhere.example/a%20b?c=d')
  response.setHeader('Set-Cookie', ['one=1; Path=/', 'two=2; Path=/; HttpOnly', 'empty='])
  response.setHeader('X-Seen', `${request.method} ${request.url} ${body.length} ${body.toString('base64').slice(-24)}`)
  response.setHeader('X-Repeated', ['first', 'second'])
  if ((request.url ?? '').includes('latin')) response.setHeader('X-Latin', 'caf\u00e9')
  if (hasNone) response.end()
  else response.end(bytes)
}

function show({ method, path, framing }: Asked, field: string, direct: unknown, through: unknown): string {
  return `${method} ${path} ${framing ?? ''} ${field}: ${JSON.stringify(direct)} became ${JSON.stringify(through)}`
}

/** workerd says of the answer to a HEAD with 205 that its length is 0, where the service said nothing. */
function withoutEmptyLength(seen: Seen): Seen {
  return { ...seen, headers: seen.headers.filter(([name, value]) => name !== 'content-length' || value !== '0') }
}

function differences(asked: Asked, direct: Seen, through: Seen): readonly string[] {
  const found: string[] = []
  if (direct.status !== through.status) found.push(show(asked, 'status', direct.status, through.status))
  if (direct.body !== through.body) found.push(show(asked, 'body', direct.body, through.body))
  const [a, b] = [JSON.stringify(direct.headers), JSON.stringify(through.headers)]
  if (a !== b) found.push(show(asked, 'headers', direct.headers, through.headers))
  return found
}

/** workerd leaves the length of a 304 out, whatever a service says. */
const LENGTH_LEFT_OUT = /^GET \/open\/long-tag {2}headers: .*\["content-length","11"\].* became (?!.*content-length)/

/** What workerd says beside the request because its cache must not answer (DECISIONS 26). */
const OF_NO_STORE = /^(cache-control|pragma)$/

/** Headers that Postern adds or takes for the service, and those of the hop. */
const OURS =
  /^(postern-|x-forwarded-|x-request-id$|host$|connection$|content-length$|transfer-encoding$|accept-encoding$|cf-|accept$|user-agent$)/

/** What a client sees through Postern is what it would see without it: the same on every runtime. */
export function fidelityTranscript(place: () => SocketPlace): void {
  beforeAll(() => {
    place().wire.answer = (request, response) => void serve(request, response)
  })

  async function compare(asked: Asked): Promise<readonly string[]> {
    const [direct, through] = await Promise.all([
      exchange(place().wire.port, asked),
      exchange(place().deployment.port, asked),
    ])
    const isPlatform = place().deployment.runtime === 'workerd' && asked.method === 'HEAD' && direct.status === 205
    return differences(asked, direct, isPlatform ? withoutEmptyLength(through) : through)
  }

  async function compareAll(all: readonly Asked[]): Promise<readonly string[]> {
    const found: string[] = []
    for (let i = 0; i < all.length; i += 8) found.push(...(await Promise.all(all.slice(i, i + 8).map(compare))).flat())
    return found
  }

  const matrix = (statuses: readonly number[]) =>
    METHODS.flatMap((method) =>
      statuses.flatMap((status) =>
        SHAPES.map((shape): Asked => {
          const asked = { method, path: `/open/${status}/${shape}?q=%20a+b&b=%2F&a` }
          if (!WITH_BODY.includes(method)) return asked
          return { ...asked, body: WORDS, framing: shape === 'chunked' && method !== 'DELETE' ? 'chunked' : 'length' }
        }),
      ),
    )

  test('every method with every success and redirect in every shape', async () => {
    expect(await compareAll(matrix(STATUSES))).toEqual([])
  }, 60_000)

  test('every method with every refusal and failure in every shape', async () => {
    expect(await compareAll(matrix(REFUSALS))).toEqual([])
  }, 60_000)

  test('ranges pass both ways', async () => {
    const range = /^bytes=(\d+)-(\d+)$/
    place().wire.answer = (request, response) => {
      const [, from, to] = range.exec(request.headers.range ?? '') ?? []
      if (from === undefined || to === undefined)
        return void response.writeHead(416, { 'Content-Range': 'bytes */9' }).end()
      const part = WORDS.subarray(Number(from), Number(to) + 1)
      response.writeHead(206, {
        'Content-Range': `bytes ${from}-${to}/${WORDS.length}`,
        'Content-Length': part.length,
        'Accept-Ranges': 'bytes',
      })
      response.end(part)
    }
    const some = { method: 'GET', path: '/open/range', headers: [['range', 'bytes=5-60']] } as const
    const none = { method: 'GET', path: '/open/range', headers: [['range', 'bytes=no']] } as const
    expect([...(await compare(some)), ...(await compare(none))]).toEqual([])
    place().wire.answer = (request, response) => void serve(request, response)
  })

  test('conditional requests pass both ways', async () => {
    place().wire.answer = (request, response) => {
      response.setHeader('ETag', 'W/"v1"')
      response.setHeader('Last-Modified', 'Wed, 21 Oct 2026 07:28:00 GMT')
      response.setHeader('Cache-Control', 'max-age=60')
      response.statusCode = request.headers['if-none-match'] === 'W/"v1"' ? 304 : 200
      // RFC 9110 section 8.6: a 304 may say how long what it leaves out is.
      if (request.url === '/open/long-tag') response.setHeader('Content-Length', '11')
      response.end(response.statusCode === 304 ? undefined : 'version one')
    }
    const fresh = { method: 'GET', path: '/open/tag', headers: [['if-none-match', 'W/"v1"']] } as const
    const stale = { method: 'GET', path: '/open/tag', headers: [['if-none-match', '"v0"']] } as const
    const isLeftOut = (one: string) => place().deployment.runtime === 'workerd' && LENGTH_LEFT_OUT.test(one)
    const long = { ...fresh, path: '/open/long-tag' }
    expect([...(await compare(fresh)), ...(await compare(stale))]).toEqual([])
    const told = [...(await compare(long)), ...(await compare(long)), ...(await compare(stale))]
    expect(told.filter((one) => !isLeftOut(one))).toEqual([])
    place().wire.answer = (request, response) => void serve(request, response)
  })

  test('the request reaches the service as it was, identity and the hop aside', async () => {
    const seen: IncomingMessage[] = []
    place().wire.answer = (request, response) => {
      seen.push(request)
      response.end()
    }
    const asked: Asked = {
      method: 'POST',
      path: '/open/x%20y/%C3%A9?a=1&a=2&b=%2f&c=+&d',
      headers: [
        ['cookie', 'theme=dark; lang=en'],
        ['content-type', 'application/x-custom; a="b"'],
        ['x-game', 'one'],
        ['x-game', 'two'],
        ['authorization', 'Basic dXNlcjpwYXNz'],
        ['traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
        ['if-match', '"a", "b"'],
      ],
      body: WORDS,
    }
    await exchange(place().wire.port, asked)
    await exchange(place().deployment.port, asked)
    place().wire.answer = (request, response) => void serve(request, response)
    const [direct, through] = seen.map((request) => ({
      method: request.method,
      target: request.url,
      headers: comparable(request.rawHeaders).filter(([name]) => !OURS.test(name) && !isPlatforms(name)),
    }))
    expect(joined(through)).toEqual(joined(direct))
  })

  test('several ranges at once pass as they are asked for and answered', async () => {
    const body = '\r\n--cut\r\ncontent-range: bytes 0-1/9\r\n\r\nab\r\n--cut--\r\n'
    place().wire.answer = (request, response) => {
      response.writeHead(206, {
        'Content-Type': 'multipart/byteranges; boundary=cut',
        'X-Range': request.headers.range,
      })
      response.end(body)
    }
    const asked = { method: 'GET', path: '/open/ranges', headers: [['range', 'bytes=0-1, 4-5, -1']] } as const
    expect(await compare(asked)).toEqual([])
    place().wire.answer = (request, response) => void serve(request, response)
  })

  test('bodies are framed for the service as the client framed them', async () => {
    const framings: string[] = []
    place().wire.answer = (request, response) => {
      framings.push(`${request.headers['content-length'] ?? ''} ${request.headers['transfer-encoding'] ?? ''}`)
      request.resume()
      response.end()
    }
    const port = place().deployment.port
    await exchange(port, { method: 'POST', path: '/open/framed', body: WORDS })
    await exchange(port, { method: 'PUT', path: '/open/framed', body: WORDS, framing: 'chunked' })
    await exchange(port, { method: 'POST', path: '/open/framed', body: Buffer.alloc(0) })
    await exchange(port, { method: 'DELETE', path: '/open/framed', body: WORDS })
    await exchange(port, { method: 'GET', path: '/open/framed' })
    place().wire.answer = (request, response) => void serve(request, response)
    expect(framings).toEqual([`${WORDS.length} `, ' chunked', '0 ', `${WORDS.length} `, ' '])
  })

  test('long headers, and bytes beyond ASCII in a header of the client, reach the service', async () => {
    let got: readonly unknown[] = []
    place().wire.answer = (request, response) => {
      got = [request.headers['x-long'], request.headers['x-name']]
      response.setHeader('X-Long', 'b'.repeat(12_000))
      response.end()
    }
    const raw = openRaw(place().deployment.port)
    raw.write(
      head(
        'GET /open/long',
        place().deployment.port,
        `X-Long: ${'a'.repeat(12_000)}`,
        'X-Name: caf\u00e9',
        'Connection: close',
      ),
    )
    expect(await raw.until((text) => text.includes('\r\n\r\n'))).toMatch(/x-long: b{12000}\r\n/i)
    raw.socket.destroy()
    place().wire.answer = (request, response) => void serve(request, response)
    expect(got).toEqual(['a'.repeat(12_000), 'caf\u00e9'])
  })

  test('requests one behind the other on one connection are answered in order', async () => {
    const { port } = place().deployment
    const raw = openRaw(port)
    raw.write([1, 2, 3].map((index) => head(`GET /open/200/none?${index}`, port)).join(''))
    const text = await raw.until((got) => got.split('HTTP/1.1 200 OK').length === 4)
    raw.socket.destroy()
    expect([...text.matchAll(/x-seen: GET \/open\/200\/none\?(\d)/gi)].map(([, index]) => index)).toEqual([
      '1',
      '2',
      '3',
    ])
  })

  test('bytes beyond ASCII in a header pass', async () => {
    expect(await compare({ method: 'GET', path: '/open/200/length?latin' })).toEqual([])
  })

  function isPlatforms(name: string): boolean {
    return place().deployment.runtime === 'workerd' && OF_NO_STORE.test(name)
  }

  /** Repeated headers may arrive as one list: that says the same (RFC 9110 section 5.3). */
  function joined(request: { readonly headers: readonly (readonly [string, string])[] } | undefined) {
    const headers = new Headers()
    for (const [name, value] of request?.headers ?? []) headers.append(name, value)
    return { ...request, headers: [...headers] }
  }
}
