import type { Readable } from 'node:stream'

/**
 * A body of Node as one of the web: nothing is asked for ahead, and a cancel ends the source at once.
 *
 * WHY: `Readable.toWeb` hands on what was buffered when it was cancelled, and throws where nobody catches: that ended the
 * whole process.
 */
export function webBody(source: Readable): ReadableStream<Uint8Array> {
  // WHY: the reader is told of a failure; a source that nobody has begun to read must not tell the process instead.
  source.on('error', () => undefined)
  const chunks: AsyncIterator<Uint8Array> = source[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await chunks.next()
        if (next.done === true) controller.close()
        else controller.enqueue(next.value)
      },
      cancel() {
        source.destroy()
      },
    },
    { highWaterMark: 0 },
  )
}
