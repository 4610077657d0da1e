import type { Ask } from '../core/ask.ts'

/** A longer form is not read. */
export const MAX_FORM_BYTES = 16_384

/** The fields of a form; none where something else was sent. */
export async function form(request: Request): Promise<URLSearchParams> {
  if (
    request.method !== 'POST' ||
    request.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded') !== true
  ) {
    return new URLSearchParams()
  }
  const length = Number(request.headers.get('content-length') ?? Number.NaN)
  // ATTACK: an own form is small; a length that is missing or large is not read at all.
  if (!(length <= MAX_FORM_BYTES)) return new URLSearchParams()
  return new URLSearchParams(await request.text())
}

/** What the address says behind its question mark. */
export function query(ask: Ask): URLSearchParams {
  return new URLSearchParams(ask.target.query)
}

/** The fields of a form, and what its address says; a field beats the address. */
export async function fields(ask: Ask, request: Request): Promise<URLSearchParams> {
  const all = query(ask)
  for (const [name, value] of await form(request)) all.set(name, value)
  return all
}
