import { readFileSync } from 'node:fs'
import { connect } from 'node:net'

/*
 * A calm load: so many requests a second over keep-alive connections in turn; prints the latencies.
 *   node paced.mjs <port> <file with one raw request> <requests a second> <seconds>
 */

const [port, file, rate, seconds] = process.argv.slice(2)
const request = readFileSync(file)
const CONNECTIONS = 8
const micros = []
let failures = 0

function open() {
  const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true })
  const lane = { socket, sentAt: 0n, got: '' }
  socket.on('data', (chunk) => {
    lane.got += chunk.latin1Slice()
    const head = lane.got.indexOf('\r\n\r\n')
    const [, length = '0'] = /\r\ncontent-length: (\d+)/i.exec(lane.got.slice(0, head)) ?? []
    // Head and body may come apart: what is left of one answer must not pass for the next one.
    if (head === -1 || lane.got.length < head + 4 + Number(length)) return
    if (!lane.got.startsWith('HTTP/1.1 200 ')) failures++
    micros.push(Number(process.hrtime.bigint() - lane.sentAt) / 1000)
    lane.got = ''
    lane.sentAt = 0n
  })
  socket.on('error', () => failures++)
  return new Promise((resolve) => socket.once('connect', () => resolve(lane)))
}

const lanes = await Promise.all(Array.from({ length: CONNECTIONS }, open))
const count = Number(rate) * Number(seconds)
const began = performance.now()
let sent = 0
const timer = setInterval(() => {
  const due = Math.min(count, ((performance.now() - began) * Number(rate)) / 1000)
  while (sent < due) {
    const lane = lanes[sent++ % CONNECTIONS]
    // A lane that still waits is left out: its latency is counted, and no queue is measured.
    if (lane.sentAt !== 0n) continue
    lane.sentAt = process.hrtime.bigint()
    lane.socket.write(request)
  }
  if (sent < count) return
  clearInterval(timer)
  setTimeout(() => {
    const sorted = micros.toSorted((a, b) => a - b)
    const at = (part) => sorted[Math.floor(sorted.length * part)]
    console.log(JSON.stringify({ p50: at(0.5), p99: at(0.99), answers: sorted.length, failures }))
    process.exit(0)
  }, 200)
}, 1)
