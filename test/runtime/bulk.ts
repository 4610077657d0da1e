import { readFileSync } from 'node:fs'
import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { Writable } from 'node:stream'
import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import type { SocketPlace } from './sockets.ts'

const MEGABYTE = 1024 * 1024
const PIECE = 256 * 1024
/** How much a process may grow while all of it passes through it, bytes. */
const MOST_GROWTH = 160 * 1024 * 1024

/** Bytes and their checksum, as far as they came. */
interface Tally {
  bytes: number
  sum: number
}

function count(tally: Tally, piece: Buffer): void {
  tally.bytes += piece.length
  tally.sum = crc32(piece, tally.sum)
}

/** Seven pieces, no two alike: one lost, doubled or swapped changes the sum. */
const PIECES = [3, 5, 7, 11, 13, 17, 19].map((value) => Buffer.alloc(PIECE, value))

/** Writes so many bytes as fast as they are taken. */
async function pour(into: Writable, size: number): Promise<Tally> {
  const tally = { bytes: 0, sum: 0 }
  for (let index = 0; tally.bytes < size; index++) {
    const piece = PIECES[index % PIECES.length] ?? Buffer.alloc(0)
    count(tally, piece)
    if (!into.write(piece)) await new Promise((resolve) => into.once('drain', resolve))
  }
  into.end()
  return tally
}

async function drink(from: IncomingMessage): Promise<Tally> {
  const tally = { bytes: 0, sum: 0 }
  for await (const piece of from) count(tally, piece as Buffer)
  return tally
}

function memoryOf(pid: number): number {
  const [, kilobytes = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) * 1024
}

/** The most a process grew over what it had at first while some work went on. */
async function growth<T>(pid: number, work: () => Promise<T>): Promise<{ readonly grew: number; readonly done: T }> {
  const before = memoryOf(pid)
  let most = before
  const watch = setInterval(() => (most = Math.max(most, memoryOf(pid))), 50)
  try {
    const done = await work()
    return { grew: most - before, done }
  } finally {
    clearInterval(watch)
  }
}

/** What a runtime is asked for in each direction unless `POSTERN_BULK=full` asks for a gigabyte, megabytes. */
export type BulkSize = 1024 | 384

/** A gigabyte each way passes whole, and the gateway holds next to nothing of it: the same on every runtime. */
export function bulkTranscript(place: () => SocketPlace, megabytes: BulkSize = 1024): void {
  const known = (process.env['POSTERN_BULK'] === 'full' ? 1024 : megabytes) * MEGABYTE
  const through = (method: string, headers: Record<string, string>, write: (to: Writable) => Promise<Tally> | null) =>
    new Promise<{ readonly answer: IncomingMessage; readonly sent: Promise<Tally> | null }>((resolve, reject) => {
      const { port } = place().deployment
      const options = {
        host: '127.0.0.1',
        port,
        method,
        path: '/open/bulk',
        headers: { host: `localhost:${port}`, ...headers },
      }
      const outgoing = request(options, (answer) => resolve({ answer, sent }))
      outgoing.on('error', reject)
      const sent = write(outgoing)
      if (sent === null) outgoing.end()
    })
  const serve = (answer: (request: IncomingMessage, response: ServerResponse) => void) => {
    place().wire.answer = answer
  }

  for (const [what, size] of [
    [`${known / MEGABYTE} MB of known length`, known],
    ['100 MB of unknown length', 100 * MEGABYTE],
  ] as const) {
    const headers: Record<string, string> = size === known ? { 'content-length': String(size) } : {}

    test(`a download of ${what}`, async () => {
      let poured: Promise<Tally> | null = null
      serve((_request, response) => {
        response.writeHead(200, headers)
        poured = pour(response, size)
      })
      const { grew, done } = await growth(place().deployment.pid, async () =>
        drink((await through('GET', {}, () => null)).answer),
      )
      expect(done).toEqual(await poured)
      expect(done.bytes).toBe(size)
      expect(grew).toBeLessThan(MOST_GROWTH)
    }, 90_000)

    test(`an upload of ${what}`, async () => {
      let drunk: Tally | null = null
      serve((incoming, response) => {
        drink(incoming).then(
          (tally) => {
            drunk = tally
            response.end('thanks')
          },
          () => undefined,
        )
      })
      const { grew, done } = await growth(place().deployment.pid, async () => {
        const { answer, sent } = await through('PUT', headers, (to) => pour(to, size))
        await drink(answer)
        return { status: answer.statusCode, sent: await sent }
      })
      expect(done.status).toBe(200)
      expect(drunk).toEqual(done.sent)
      expect(grew).toBeLessThan(MOST_GROWTH)
    }, 90_000)
  }
}
