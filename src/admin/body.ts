import { bytesWithin, isForm } from '../core/body.ts'
import type { FaultKind } from '../core/fault.ts'
import { err, ok, type Result } from '../core/result.ts'

/**
 * The JSON body of a request, read up to a bound; `null` for an empty one.
 *
 * @param most - bytes; whatever is longer is not read to its end
 */
export async function readJson(request: Request, most: number): Promise<Result<unknown, FaultKind>> {
  const bytes = await bytesWithin(request, most)
  if (bytes === null) return err('body-too-large')
  if (bytes.length === 0) return ok(null)
  if (!/^application\/json\s*(;|$)/i.test(request.headers.get('content-type') ?? '')) return err('bad-body')
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return ok(JSON.parse(text) as unknown)
  } catch {
    return err('bad-body')
  }
}

/**
 * The fields of a posted form, read up to a bound; none for a request without a body. A field that is there twice counts as
 * it stands first.
 *
 * @param most - bytes; whatever is longer is not read to its end
 */
export async function readForm(request: Request, most: number): Promise<Result<URLSearchParams, FaultKind>> {
  if (request.method !== 'POST') return ok(new URLSearchParams())
  if (!isForm(request)) return err('bad-body')
  const bytes = await bytesWithin(request, most)
  return bytes === null ? err('body-too-large') : ok(new URLSearchParams(new TextDecoder().decode(bytes)))
}
