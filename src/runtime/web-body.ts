import type { Readable } from 'node:stream'

/**
 * A body of Node as one of the web: one piece is asked for at a time, and nothing ahead.
 *
 * WHY: `Readable.toWeb` hands on what was buffered when it was cancelled, and throws where nobody catches: that ended the
 * whole process.
 *
 * @param whenCancelled - what becomes of the source; by itself it ends. One that is left is paused, for whoever reads the rest
 */
export function webBody(source: Readable, whenCancelled: 'end' | 'leave' = 'end'): ReadableStream<Uint8Array> {
  // WHY: the reader is told of a failure; a source that nobody has begun to read must not tell the process instead.
  source.on('error', () => undefined)
  let taken: () => void = () => undefined
  const brokenOff = () => source.errored ?? new Error('the body broke off')
  return new ReadableStream<Uint8Array>(
    {
      start() {
        source.pause()
      },
      pull(controller) {
        if (source.readableEnded) return controller.close()
        if (source.destroyed) return controller.error(brokenOff())
        return new Promise<void>((resolve) => {
          const onData = (piece: Uint8Array) => {
            source.pause()
            taken()
            controller.enqueue(piece)
          }
          const onEnd = () => {
            taken()
            controller.close()
          }
          const onClose = () => {
            taken()
            controller.error(brokenOff())
          }
          taken = () => {
            source.off('data', onData).off('end', onEnd).off('close', onClose)
            resolve()
          }
          source.on('data', onData).on('end', onEnd).on('close', onClose)
          source.resume()
        })
      },
      cancel() {
        taken()
        if (whenCancelled === 'end') source.destroy()
        else source.pause()
      },
    },
    { highWaterMark: 0 },
  )
}
