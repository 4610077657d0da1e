import { createServer } from 'node:http'
import process from 'node:process'
import { Pool } from 'undici'
import { OURS } from './ours.js'

/*
 * The least a program on Node or Deno can do of what Postern promises for a request and its answer, with nobody looked up and
 * nothing decided: who is connected and what was sent is read, each name a client sent is looked at, its session is taken out, as
 * many headers of the same lengths are set, a silent service is given up, the answer is marked as one person's, and a line of the
 * log is written together with others. No gateway that does this can cost less.
 */
const MORE = OURS.flat()
const TAKEN_OUT = new Set(['connection', 'cookie', 'host'])
const TIMEOUT_MS = 30_000
const LONGEST_WAIT_MS = 20

const pool = new Pool(`http://127.0.0.1:${process.env.UPSTREAM_PORT}`, { connections: 256, pipelining: 1 })
const textOf = (part) => part.toString('latin1')

let waiting = []
function flush() {
  const lines = waiting.map((line) => `${JSON.stringify(line)}\n`)
  waiting = []
  process.stdout.write(lines.join(''))
}
function log(line) {
  if (waiting.push(line) === 1) setTimeout(flush, LONGEST_WAIT_MS)
}

function dressed(raw) {
  const headers = []
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i].toLowerCase()
    if (!TAKEN_OUT.has(name) && !name.startsWith('postern-')) headers.push(raw[i], raw[i + 1])
  }
  headers.push(...MORE)
  return headers
}

class Passing {
  #outgoing
  #line
  #began = performance.now()
  #goOn = null
  #length = -1
  #isWhole = false

  constructor(outgoing, line) {
    this.#outgoing = outgoing
    this.#line = line
  }
  onConnect() {}
  onHeaders(status, raw, resume) {
    this.#goOn = resume
    const headers = raw.map(textOf)
    for (let i = 0; i < headers.length; i += 2)
      if (headers[i].toLowerCase() === 'content-length') this.#length = Number(headers[i + 1])
    headers.push('cache-control', 'private')
    this.#outgoing.sendDate = false
    this.#outgoing.writeHead(status, headers)
    return true
  }
  onData(chunk) {
    const outgoing = this.#outgoing
    if (chunk.length === this.#length) {
      this.#isWhole = true
      outgoing.write(chunk.toString('latin1'), 'latin1')
      outgoing.socket?.uncork()
      outgoing.end()
      return true
    }
    const takesMore = outgoing.destroyed || outgoing.write(chunk)
    if (!takesMore) outgoing.once('drain', this.#goOn)
    return takesMore
  }
  onComplete() {
    if (!this.#isWhole) this.#outgoing.end()
    const durationMs = Math.round((performance.now() - this.#began) * 100) / 100
    log({ ...this.#line, ts: new Date().toISOString(), status: this.#outgoing.statusCode, duration_ms: durationMs })
  }
  onError() {
    this.#outgoing.destroy()
  }
}

createServer({ keepAliveTimeout: 65_000 }, (incoming, outgoing) => {
  const { method, url: path, rawHeaders, headers: named, socket } = incoming
  const line = {
    event: 'request',
    address: socket.remoteAddress,
    host: named.host,
    has_cookie: named.cookie !== undefined,
    method,
    path,
    rule: 'GET /area29/part999/:id',
    user_id: 'x'.repeat(36),
    policy: 'x'.repeat(71),
  }
  const body = method === 'GET' || method === 'HEAD' ? null : incoming
  const options = { method, path, headers: dressed(rawHeaders), body, headersTimeout: TIMEOUT_MS }
  pool.dispatch(options, new Passing(outgoing, line))
}).listen(Number(process.env.PORT), '127.0.0.1')
