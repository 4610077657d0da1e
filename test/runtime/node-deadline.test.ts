import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { linger, toServerResponse } from '../../src/runtime/node-answer.ts'
import { bodyDeadline, bodyInTime } from '../../src/runtime/node-deadline.ts'
import { head, openRaw } from '../support/raw.ts'

let server: Server | null = null
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
  server = null
})

async function serve(listen: (incoming: IncomingMessage, outgoing: ServerResponse) => void): Promise<number> {
  const made = createServer(listen)
  server = made
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve))
  return (made.address() as AddressInfo).port
}

async function read(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const pieces: Uint8Array[] = []
  for await (const piece of bodyInTime(incoming, outgoing, 200)) pieces.push(piece)
  outgoing.end(Buffer.concat(pieces))
}

const LATE = /^HTTP\/1\.1 408 Request Timeout\r\nConnection: close\r\n\r\n$/

test('bodyDeadline() ends a connection whose body has not come whole, and tells it why (slowloris)', async () => {
  const port = await serve((incoming, outgoing) => bodyDeadline(incoming, outgoing, 200))
  const client = openRaw(port)
  client.write(`${head('POST /', port, 'Content-Length: 50')}abc`)
  expect(await client.closed).toMatch(LATE)
})

test('bodyDeadline() gives a body more time the more it announces', async () => {
  const port = await serve((incoming, outgoing) => bodyDeadline(incoming, outgoing, 100))
  const since = Date.now()
  const client = openRaw(port)
  client.write(`${head('POST /', port, `Content-Length: ${64 * 400}`)}abc`)
  expect(await client.closed).toMatch(LATE)
  expect(Date.now() - since).toBeGreaterThan(450)
})

test('a body that was read in part and is refused is drained, so that its sender hears why', async () => {
  const port = await serve(async (incoming, outgoing) => {
    await bodyInTime(incoming, outgoing, 1_000).getReader().read()
    outgoing.shouldKeepAlive = false
    outgoing.writeHead(400, { 'content-length': 3 })
    outgoing.write('no!')
    linger(incoming, () => outgoing.end())
  })
  const client = openRaw(port)
  client.write(`${head('POST /', port, 'Content-Length: 400000')}${'x'.repeat(400_000)}`)
  expect(await client.closed).toMatch(/^HTTP\/1\.1 400 [\s\S]*no!$/)
})

// What was buffered went on to a stream that was over: no rejection of a promise but an exception of the process.
test('a body that is given up while a piece of it is asked for lets the process live, and its sender hears the answer', async () => {
  const port = await serve(async (incoming, outgoing) => {
    const reader = bodyInTime(incoming, outgoing, 1_000).getReader()
    await reader.read()
    await new Promise((resolve) => setTimeout(resolve, 20))
    const asked = reader.read()
    await reader.cancel()
    expect(await asked).toEqual({ done: true, value: undefined })
    toServerResponse({ status: 413, headers: [], body: 'enough' }, outgoing)
  })
  for (let n = 0; n < 20; n++) {
    const client = openRaw(port)
    client.write(`${head('POST /', port, 'Content-Length: 900000')}${'x'.repeat(400_000)}`)
    expect(await client.until((text) => text.endsWith('enough'))).toMatch(/^HTTP\/1\.1 413 /)
    client.socket.destroy()
  }
})

test('bodyDeadline() says nothing into an answer that has begun', async () => {
  const port = await serve((incoming, outgoing) => {
    bodyDeadline(incoming, outgoing, 200)
    outgoing.writeHead(200, { 'content-length': 10 })
    outgoing.write('12345')
  })
  const client = openRaw(port)
  client.write(`${head('POST /', port, 'Content-Length: 50')}abc`)
  expect(await client.closed).toMatch(/\r\n\r\n12345$/)
})

test('bodyDeadline() leaves a request alone whose body has come, however long its answer takes', async () => {
  const port = await serve((incoming, outgoing) => {
    bodyDeadline(incoming, outgoing, 100)
    incoming.resume()
    setTimeout(() => outgoing.end('late, and whole'), 400)
  })
  const client = openRaw(port)
  client.write(`${head('POST /', port, 'Content-Length: 3', 'Connection: close')}abc`)
  expect(await client.closed).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*late, and whole/)
})

test('bodyInTime() gives every byte of a body that comes piece by piece, each in time', async () => {
  const port = await serve((incoming, outgoing) => void read(incoming, outgoing))
  const client = openRaw(port)
  client.write(head('POST /', port, 'Content-Length: 5', 'Connection: close'))
  for (const piece of 'mouse') {
    await new Promise((resolve) => setTimeout(resolve, 80))
    client.write(piece)
  }
  expect(await client.closed).toMatch(/\r\n\r\nmouse$/)
})

test('bodyInTime() ends a connection whose next piece does not come, and fails for who reads', async () => {
  const failed = Promise.withResolvers<unknown>()
  const port = await serve((incoming, outgoing) => void read(incoming, outgoing).catch(failed.resolve))
  const client = openRaw(port)
  client.write(`${head('POST /', port, 'Content-Length: 50')}abc`)
  expect(await client.closed).toMatch(LATE)
  expect(await failed.promise).toMatchObject({ code: 'ECONNRESET' })
})

test('bodyInTime() does not count the time in which nobody asks for more', async () => {
  const port = await serve(async (incoming, outgoing) => {
    const reader = bodyInTime(incoming, outgoing, 100).getReader()
    const all: Uint8Array[] = []
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      all.push(next.value)
      await new Promise((resolve) => setTimeout(resolve, 400))
    }
    outgoing.end(Buffer.concat(all))
  })
  const client = openRaw(port)
  client.write(`${head('POST /', port, 'Content-Length: 6', 'Connection: close')}abc`)
  await new Promise((resolve) => setTimeout(resolve, 150))
  client.write('def')
  expect(await client.closed).toMatch(/\r\n\r\nabcdef$/)
})
