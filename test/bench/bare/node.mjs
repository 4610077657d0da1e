import { createServer } from 'node:http'
import { Pool } from 'undici'

/*
 * The leanest pass-through proxy of Node: raw request in, undici out, nothing looked at.
 *   PORT=… UPSTREAM_PORT=… node node.mjs
 */

const pool = new Pool(`http://127.0.0.1:${process.env.UPSTREAM_PORT}`, { connections: 256, pipelining: 1 })

createServer({ keepAliveTimeout: 65_000 }, (incoming, outgoing) => {
  const { method, url: path, rawHeaders: headers } = incoming
  const body = method === 'GET' || method === 'HEAD' ? null : incoming
  pool
    .stream({ method, path, headers, body, responseHeaders: 'raw' }, (answer) => {
      outgoing.sendDate = false
      outgoing.writeHead(answer.statusCode, answer.headers)
      return outgoing
    })
    .catch(() => outgoing.destroy())
}).listen(Number(process.env.PORT), '127.0.0.1')
