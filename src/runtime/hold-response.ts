import type { LastingAnswer } from '../ports/upstream.ts'

/** Milliseconds between two checks; each is past the cache, so a loss is acted on within 5 s. */
const EVERY_MS = 5_000

/**
 * A lasting answer that is cut once it may not go on. It asks by timers of its own request, because on Workers one request
 * may not touch another's objects (DECISIONS 31).
 *
 * @param failed - told when the question itself fails; the answer then goes on until the next one
 */
export function holdResponse(
  response: Response,
  { isKept, maxAgeSeconds }: LastingAnswer,
  failed: (error: unknown) => void,
): Response {
  if (response.body === null) return response
  const reader = response.body.getReader()
  let over: () => void = () => undefined
  const passed = new ReadableStream<Uint8Array>({
    start(controller) {
      const cut = () => {
        over()
        controller.error(new Error('the right to it was lost'))
        // WHY: whoever reads is told by the line above; the service sees a client who left.
        reader.cancel().catch(() => undefined)
      }
      const checks = setInterval(() => {
        isKept().then((kept) => kept || cut(), failed)
      }, EVERY_MS)
      const age = maxAgeSeconds === null ? null : setTimeout(cut, maxAgeSeconds * 1000)
      over = () => {
        clearInterval(checks)
        if (age !== null) clearTimeout(age)
      }
    },
    async pull(controller) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        // WHY: nobody cancels a stream that failed: its clock would run, and ask the store, for as long as the session lives.
        over()
        throw error
      })
      if (!done) return controller.enqueue(value)
      over()
      controller.close()
    },
    cancel(reason) {
      over()
      return reader.cancel(reason)
    },
  })
  const { status, statusText, headers } = response
  return new Response(passed, { status, statusText, headers })
}
