import { createServer } from 'node:http'
import process from 'node:process'
import { Pool } from 'undici'

// A lean pass-through proxy of Node and Deno: node:http in, undici out by its raw callbacks.
const pool = new Pool(`http://127.0.0.1:${process.env.UPSTREAM_PORT}`, { connections: 256, pipelining: 1 })
const textOf = (part) => part.toString('latin1')

createServer((incoming, outgoing) => {
  const { method, url: path, rawHeaders: headers } = incoming
  let goOn = () => {}
  const body = method === 'GET' || method === 'HEAD' ? null : incoming
  pool.dispatch(
    { method, path, headers, body },
    {
      onConnect() {},
      onHeaders(status, raw, resume) {
        goOn = resume
        outgoing.sendDate = false
        outgoing.writeHead(status, raw.map(textOf))
        return true
      },
      onData(chunk) {
        // Held back for ever, a connection would be lost to the pool: by a slow client, or by one that is gone.
        const takesMore = outgoing.destroyed || outgoing.write(chunk)
        if (!takesMore) outgoing.once('drain', goOn)
        return takesMore
      },
      onComplete: () => outgoing.end(),
      onError: () => outgoing.destroy(),
    },
  )
}).listen(Number(process.env.PORT), '127.0.0.1')
