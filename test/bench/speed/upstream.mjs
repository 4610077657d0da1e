import { createServer } from 'node:net'

/*
 * The tiny service behind every proxy of the bench: 1 KB of JSON for any request, the request itself for /echo.
 *   node upstream.mjs <port>
 */

const END = Buffer.from('\r\n\r\n')
const ECHO = 'GET /echo'
const body = JSON.stringify({ players: 'x'.repeat(1024 - '{"players":""}'.length) })
const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncache-control: no-cache\r\ncontent-length: ${body.length}\r\n\r\n`
const answer = Buffer.from(head + body)

/** Answers every whole request of a chunk; what is left of it is the beginning of the next one. */
function serve(socket, chunk) {
  let start = 0
  for (let end = chunk.indexOf(END); end !== -1; end = chunk.indexOf(END, start)) {
    if (chunk.latin1Slice(start, start + ECHO.length) === ECHO) {
      const seen = chunk.subarray(start, end)
      socket.write(`HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${seen.length}\r\n\r\n`)
      socket.write(seen)
    } else socket.write(answer)
    start = end + END.length
  }
  return chunk.subarray(start)
}

createServer({ noDelay: true }, (socket) => {
  let rest = null
  socket.on('data', (chunk) => {
    const left = serve(socket, rest === null ? chunk : Buffer.concat([rest, chunk]))
    rest = left.length === 0 ? null : left
  })
  socket.on('error', () => socket.destroy())
}).listen(Number(process.argv[2]), '127.0.0.1')
