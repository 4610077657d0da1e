import { Agent, request as ask, createServer } from 'node:http'
import process from 'node:process'

// A lean pass-through proxy of Deno: node:http in, node:http out.
const port = Number(process.env.UPSTREAM_PORT)
const agent = new Agent({ keepAlive: true, maxSockets: 256 })

createServer((incoming, outgoing) => {
  const { method, url: path } = incoming
  const sent = ask({ agent, host: '127.0.0.1', port, method, path, headers: incoming.headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
    answer.pipe(outgoing)
  })
  sent.on('error', () => outgoing.destroy())
  if (method === 'GET' || method === 'HEAD') sent.end()
  else incoming.pipe(sent)
}).listen(Number(process.env.PORT), '127.0.0.1')
