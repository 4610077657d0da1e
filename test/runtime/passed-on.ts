import type { IncomingMessage, ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { guestOf } from '../support/guest.ts'
import { head, openRaw } from '../support/raw.ts'
import type { HopPlace } from './hop.ts'

/** What of an answer, and of many at a time, reaches clients. */
export function passedOnTranscript(place: () => HopPlace): void {
  const port = () => place().deployment.port
  const isWorkerd = () => place().deployment.runtime === 'workerd'
  const serve = (answer: (request: IncomingMessage, response: ServerResponse) => void) => {
    place().wire.answer = answer
  }

  test('an answer without a length that breaks off never looks whole to a client of HTTP/1.0, such as nginx may be', async () => {
    let breakOff = () => {}
    serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' }).write('part')
      breakOff = () => response.destroy()
    })
    const client = openRaw(port())
    let failed = ''
    client.socket.on('error', (error: NodeJS.ErrnoException) => {
      failed = error.code ?? ''
    })
    client.write(`GET /open/old HTTP/1.0\r\nHost: localhost:${port()}\r\n\r\n`)
    await client.until((text) => text.includes('part'))
    breakOff()
    await client.closed
    // The end of such a body is the end of its connection (RFC 9112 section 6.3): only a reset says that it is none.
    // workerd answers in chunks, and ends them by itself: as above.
    if (!isWorkerd()) expect(failed).toBe('ECONNRESET')
  })

  test('bytes beyond ASCII in the head of an answer stay as they are, also where its body comes later', async () => {
    let go = () => {}
    const name = 'Content-Disposition: attachment; filename="caf\u00e9-\u00c3\u00bc.csv"'
    serve(({ socket }) => {
      // WHY: by hand, because Node writes such a head as UTF-8 where its body comes later. One letter in Latin 1, one in UTF-8.
      socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${name}\r\n\r\n`, 'latin1')
      go = () => socket.end('4\r\nlate\r\n0\r\n\r\n')
    })
    const client = openRaw(port())
    client.write(head('GET /open/export', port()))
    const early = await client.until((text) => text.includes('\r\n\r\n'))
    go()
    await client.until((text) => text.includes('late'))
    client.socket.destroy()
    expect(early.toLowerCase()).toContain(`${name.toLowerCase()}\r\n`)
  })

  test('the words beside a status are those of the service', async () => {
    serve((_request, response) => response.writeHead(200, 'Well met, ~traveller').end('in'))
    const status = async (path: string) => {
      const client = openRaw(port())
      client.write(head(`GET ${path}`, port(), 'Connection: close'))
      return (await client.until((text) => text.includes('\r\n\r\n'))).split('\r\n')[0]
    }
    expect(await status('/open/words')).toBe('HTTP/1.1 200 Well met, ~traveller')
    serve((_request, response) => response.writeHead(299, 'Odd').end('in'))
    expect(await status('/open/words')).toBe('HTTP/1.1 299 Odd')
  })

  test('a body of 205 that nobody may read is not promised where an answer is looked at: the next one begins behind its head', async () => {
    serve((request, response) => {
      request.resume()
      if (request.method === 'POST') response.writeHead(205, { 'content-length': '2' }).end('no')
      else response.end('next')
    })
    const { gateway } = place().deployment
    const player = await guestOf(gateway)
    const asked = [`Cookie: ${player.cookie(`${gateway}/`) ?? ''}`, `Origin: ${gateway}`, 'Content-Length: 0']
    const client = openRaw(port())
    client.write(`${head('POST /register/finish', port(), ...asked)}${head('GET /open/next', port())}`)
    const text = await client.until((got) => got.endsWith('next'))
    client.socket.destroy()
    const [first = '', second = ''] = text.split('\r\n\r\n')
    expect(first).toMatch(/^HTTP\/1\.1 205 [\s\S]*content-length: 0(\r\n|$)/i)
    expect(second).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('a crowd with event streams open leaves room for everybody else', async () => {
    const streams: ServerResponse[] = []
    serve((request, response) => {
      if (!(request.url ?? '').startsWith('/open/stream')) return void response.end('answered')
      streams.push(response.writeHead(200, { 'content-type': 'text/event-stream' }))
      response.write('data: one\n\n')
    })
    const talking = setInterval(() => {
      for (const stream of streams) stream.write(': still here\n\n')
    }, 1000)
    const crowd = Array.from({ length: 400 }, () => openRaw(port()))
    for (const client of crowd) client.write(head('GET /open/stream', port()))
    const heard = () => crowd.filter((client) => client.text().includes('data: one')).length
    await expect.poll(heard, { timeout: 10_000 }).toBe(crowd.length)
    const other = openRaw(port())
    other.write(head('GET /open/else', port()))
    await other.until((text) => text.includes('answered'))
    clearInterval(talking)
    for (const client of [...crowd, other]) client.socket.resetAndDestroy()
    await expect.poll(() => streams.every((stream) => stream.destroyed), { timeout: 5000 }).toBe(true)
  }, 30_000)
}
