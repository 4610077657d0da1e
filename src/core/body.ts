import { joined } from './bytes.ts'

/**
 * The bytes of a request's body, with or without a declared length; none for a request without a body.
 *
 * @param most - bytes; null for a longer body, which is not read to its end
 */
export async function bytesWithin(request: Request, most: number): Promise<Uint8Array | null> {
  if (request.body === null) return new Uint8Array()
  if (Number(request.headers.get('content-length') ?? 0) > most) return null
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of request.body) {
    length += part.length
    // INVARIANT: leaving the loop cancels the stream: a body without a length cannot fill the memory.
    if (length > most) return null
    parts.push(part)
  }
  return joined(parts, length)
}

/** Whether the body of a request is a form as browsers send it by default. */
export function isForm(request: Request): boolean {
  return /^application\/x-www-form-urlencoded\s*(;|$)/i.test(request.headers.get('content-type') ?? '')
}
