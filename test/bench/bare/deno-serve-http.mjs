import { Agent, request as ask } from 'node:http'
import process from 'node:process'
import { Readable } from 'node:stream'

// A lean pass-through proxy of Deno: Deno.serve in, node:http out.
const port = Number(process.env.UPSTREAM_PORT)
const agent = new Agent({ keepAlive: true, maxSockets: 256 })
const BODYLESS = new Set([101, 204, 205, 304])

function send(method, path, headers, body) {
  return new Promise((resolve, reject) => {
    const sent = ask({ agent, host: '127.0.0.1', port, method, path, headers }, resolve)
    sent.on('error', reject)
    if (body === null) sent.end()
    else Readable.fromWeb(body).pipe(sent)
  })
}

Deno.serve({ port: Number(process.env.PORT), hostname: '127.0.0.1', onListen() {} }, async (request) => {
  const headers = {}
  for (const [name, value] of request.headers) headers[name] = value
  const { method, body, url } = request
  const answer = await send(method, url.slice(url.indexOf('/', 8)), headers, body)
  const pairs = []
  const raw = answer.rawHeaders
  for (let i = 0; i < raw.length; i += 2) pairs.push([raw[i], raw[i + 1]])
  const status = answer.statusCode ?? 502
  const stream = new ReadableStream({
    start(controller) {
      answer.on('data', (chunk) => controller.enqueue(chunk))
      answer.on('end', () => controller.close())
      answer.on('error', (error) => controller.error(error))
    },
  })
  return new Response(BODYLESS.has(status) ? null : stream, { status, headers: pairs })
})
