import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { bytesWithin, isForm } from '../core/body.ts'
import type { FaultKind } from '../core/fault.ts'
import { err, ok, type Result } from '../core/result.ts'
import { refuse } from '../pages/refuse.ts'
import type { OwnEndpoint } from '../ports/front.ts'
import type { Gateway } from '../ports/gateway.ts'

/** An own form is small; a longer one is not read. */
export const MAX_FORM_BYTES = 16_384

async function read(request: Request): Promise<Result<URLSearchParams, FaultKind>> {
  if (request.method !== 'POST') return ok(new URLSearchParams())
  const bytes = await bytesWithin(request, MAX_FORM_BYTES)
  if (bytes === null) return err('body-too-large')
  if (bytes.length > 0 && !isForm(request)) return err('bad-body')
  return ok(new URLSearchParams(new TextDecoder().decode(bytes)))
}

/** The fields of a form; none where something else was sent, or one that is too large. */
export async function form(request: Request): Promise<URLSearchParams> {
  const sent = await read(request)
  return sent.ok ? sent.value : new URLSearchParams()
}

/** What the address says behind its question mark. */
export function query(ask: Ask): URLSearchParams {
  return new URLSearchParams(ask.target.query)
}

function over(ask: Ask, sent: URLSearchParams): URLSearchParams {
  const all = query(ask)
  for (const [name, value] of sent) all.set(name, value)
  return all
}

/** The fields of a form, and what its address says; a field beats the address. */
export async function fields(ask: Ask, request: Request): Promise<URLSearchParams> {
  return over(ask, await form(request))
}

/** An endpoint that changes an account by `fields`. */
export function byForm(change: (ask: Ask, gateway: Gateway, fields: URLSearchParams) => Promise<Answer>): OwnEndpoint {
  return async (ask, gateway, request) => {
    const sent = await read(request)
    // INVARIANT: a body that cannot be read is no empty form: it may name whose account the form is about.
    return sent.ok ? change(ask, gateway, over(ask, sent.value)) : refuse(ask, gateway, sent.fault)
  }
}
