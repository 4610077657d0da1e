import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'undici'
import { afterEach, expect, test } from 'vitest'
import { webBody } from '../../src/runtime/web-body.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** The body of an answer, as the pools of the upstreams give it, and how the connection of the service ended. */
async function bodyOf(answer: RequestListener) {
  const closed = Promise.withResolvers<'closed'>()
  const server = createServer((request, response) => {
    request.socket.once('close', () => closed.resolve('closed'))
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const pool = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  ends.push(
    () => pool.destroy(),
    () => server.closeAllConnections(),
    () => server.close(),
  )
  const { body } = await pool.request({ path: '/', method: 'GET' })
  return { body: webBody(body), closed: closed.promise }
}

test.each([2, 300_000])('a body of %i bytes arrives as it is', async (size) => {
  const { body } = await bodyOf((_request, response) => response.end(Buffer.alloc(size, 'a')))
  expect(await new Response(body).text()).toBe('a'.repeat(size))
})

// What `Readable.toWeb` did here was no rejection of a promise but an exception of the process.
test.each([2, 300_000])('a cancel before %i bytes are read lets the process live', async (size) => {
  const { body } = await bodyOf((_request, response) => response.end(Buffer.alloc(size, 'a')))
  await null
  await body.cancel()
  await new Promise((resolve) => setImmediate(resolve))
  expect(await body.getReader().read()).toEqual({ done: true, value: undefined })
})

test('a cancel in the middle of a wait ends the connection', async () => {
  const { body, closed } = await bodyOf((_request, response) => response.write('first'))
  const reader = body.getReader()
  await reader.read()
  const waiting = reader.read()
  await reader.cancel()
  expect(await waiting).toEqual({ done: true, value: undefined })
  expect(await closed).toBe('closed')
})

test('a body that breaks off is a failure and not an end', async () => {
  const { body } = await bodyOf((request, response) => {
    response.writeHead(200, { 'content-length': 10 })
    response.write('first', () => request.socket.destroy())
  })
  await expect(new Response(body).text()).rejects.toThrow()
})

test('one that breaks off before anybody reads is a failure when somebody does', async () => {
  const { body, closed } = await bodyOf((request, response) => {
    response.writeHead(200, { 'content-length': 10 })
    response.write('first', () => request.socket.destroy())
  })
  await closed
  await expect(new Response(body).text()).rejects.toThrow()
})
