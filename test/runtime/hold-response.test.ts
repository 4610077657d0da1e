import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { holdResponse } from '../../src/runtime/hold-response.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** An answer whose end a test decides about, held; and how often it was asked whether it may go on. */
function held(keeps: () => boolean = () => true, maxAgeSeconds: number | null = null) {
  let service: ReadableStreamDefaultController<Uint8Array> | undefined
  let left: unknown = null
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      service = controller
    },
    cancel: (reason) => {
      left = reason ?? 'left'
    },
  })
  const asked: number[] = []
  const lasting = {
    isKept: () => {
      asked.push(Date.now())
      return Promise.resolve(keeps())
    },
    maxAgeSeconds: maxAgeSeconds as never,
  }
  const headers = { 'content-type': 'text/event-stream', 'content-encoding': 'gzip', 'x-room': '1' }
  const response = holdResponse(new Response(body, { status: 206, headers }), lasting, () => undefined)
  const reader = response.body?.getReader()
  if (reader === undefined || service === undefined) throw new Error('no body')
  return { response, reader, service, asked, left: () => left }
}

const bytes = (text: string) => new TextEncoder().encode(text)

test('holdResponse() passes status, headers, coding included, and bytes as they came', async () => {
  const { response, reader, service } = held()
  service.enqueue(bytes('coded'))
  expect(new TextDecoder().decode((await reader.read()).value)).toBe('coded')
  expect([response.status, ...response.headers]).toEqual([
    206,
    ['content-encoding', 'gzip'],
    ['content-type', 'text/event-stream'],
    ['x-room', '1'],
  ])
})

test('holdResponse() asks every five seconds, and cuts on both sides what may not go on', async () => {
  let isKept = true
  const { reader, asked, left } = held(() => isKept)
  const end = reader.read().then(
    () => 'read',
    (error: Error) => error.message,
  )
  await vi.advanceTimersByTimeAsync(10_000)
  isKept = false
  await vi.advanceTimersByTimeAsync(5_000)
  expect(await end).toBe('the right to it was lost')
  expect(left()).not.toBeNull()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).toHaveLength(3)
})

test('holdResponse() asks no more once the answer ended well, was broken off by the service, or left by its client', async () => {
  const [whole, broken, abandoned] = [held(), held(), held()]
  const [ended, failed] = [whole.reader.read(), broken.reader.read().catch((error: Error) => error.message)]
  whole.service.close()
  broken.service.error(new Error('other side closed'))
  await abandoned.reader.cancel('gone')
  expect([(await ended).done, await failed, abandoned.left()]).toEqual([true, 'other side closed', 'gone'])
  await vi.advanceTimersByTimeAsync(60_000)
  expect([whole.asked, broken.asked, abandoned.asked]).toEqual([[], [], []])
})

test('holdResponse() cuts at its greatest age', async () => {
  const { reader } = held(() => true, 7)
  const end = reader.read().catch((error: Error) => error.message)
  await vi.advanceTimersByTimeAsync(7_000)
  expect(await end).toBe('the right to it was lost')
})
