import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Answer } from '../core/answer.ts'
import { returnable } from './node-headers.ts'

function headOf(status: number, reason: string, flat: readonly string[]): string {
  const lines: string[] = []
  for (let i = 0; i + 1 < flat.length; i += 2) lines.push(`${flat[i]}: ${flat[i + 1]}`)
  return [`HTTP/1.1 ${status} ${reason}`, ...lines, 'connection: close', '', ''].join('\r\n')
}

/** Writes a finished answer of our own where a socket was asked for. */
export function refuseUpgrade(socket: Duplex, finished: Answer): void {
  const body = finished.body ?? ''
  const headers = [...finished.headers.flat(), 'content-length', String(Buffer.byteLength(body))]
  socket.end(`${headOf(finished.status, STATUS_CODES[finished.status] ?? 'Refused', headers)}${body}`)
}

/** Passes on the answer with which an upstream refused a socket, as it came. */
export function relayRefusal(socket: Duplex, response: IncomingMessage): void {
  const { statusCode = 502, statusMessage = '', rawHeaders } = response
  // ATTACK: header bytes of an upstream are written by hand here; Node's parser let no line break through.
  socket.write(headOf(statusCode, statusMessage, returnable(rawHeaders, 'all').headers), 'latin1')
  response.on('error', () => socket.destroy())
  response.pipe(socket)
}
