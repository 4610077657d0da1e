import { createServer } from 'node:http'
import process from 'node:process'
import { Pool } from 'undici'

// A lean pass-through proxy of Deno: node:http in, undici out by its raw callbacks.
const pool = new Pool(`http://127.0.0.1:${process.env.UPSTREAM_PORT}`, { connections: 256, pipelining: 1 })
const textOf = (part) => part.toString('latin1')

createServer((incoming, outgoing) => {
  const { method, url: path, rawHeaders: headers } = incoming
  const body = method === 'GET' || method === 'HEAD' ? null : incoming
  pool.dispatch(
    { method, path, headers, body },
    {
      onConnect() {},
      onHeaders(status, raw) {
        outgoing.writeHead(status, raw.map(textOf))
        return true
      },
      onData: (chunk) => outgoing.write(chunk),
      onComplete: () => outgoing.end(),
      onError: () => outgoing.destroy(),
    },
  )
}).listen(Number(process.env.PORT), '127.0.0.1')
