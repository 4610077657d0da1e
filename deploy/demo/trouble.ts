/** The ways in which a provider can be out of order. */
export const TROUBLES = ['none', 'html-429', 'html-200', 'error-500', 'hang'] as const

/** One of them. */
export type Trouble = (typeof TROUBLES)[number]

/** The trouble a provider is in: JSON, because an emulator's state is. */
export interface TroubleState {
  kind: Trouble
  /** How many more requests meet it. */
  left: number
  retryAfter: number
}

/** No trouble. */
export const CALM: TroubleState = { kind: 'none', left: 0, retryAfter: 0 }

function isTrouble(value: string | null): value is Trouble {
  return TROUBLES.some((kind) => kind === value)
}

/**
 * Reads `kind`, `times` (1) and `retry_after` (seconds, 7) of a control request into the state.
 *
 * @returns what is wrong with the request; null when it was taken
 */
export function troubleFrom(query: URLSearchParams, state: TroubleState): string | null {
  const kind = query.get('kind')
  if (!isTrouble(kind)) return `kind is one of ${TROUBLES.join(', ')}`
  state.kind = kind
  state.left = Number(query.get('times') ?? '1')
  state.retryAfter = Number(query.get('retry_after') ?? '7')
  return null
}

function untilAborted(signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of signals) {
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve(), { once: true })
    }
  })
}

/** The answer of a provider in trouble; null when it works. A hanging one answers when it is closed. */
export async function troubledAnswer(state: TroubleState, signals: readonly AbortSignal[]): Promise<Response | null> {
  if (state.kind === 'none' || state.left <= 0) return null
  state.left -= 1
  const kind = state.kind
  if (kind === 'hang') await untilAborted(signals)
  if (kind === 'html-200')
    return new Response('<!doctype html><title>Maintenance</title><h1>Back soon</h1>', {
      headers: { 'content-type': 'text/html; charset=utf-8' },
    })
  if (kind === 'html-429') {
    const headers = { 'content-type': 'text/html; charset=utf-8', 'retry-after': String(state.retryAfter) }
    return new Response(
      '<!doctype html><title>Access denied</title><h1>Error 1015</h1><p>You are being rate limited.</p>',
      {
        status: 429,
        headers,
      },
    )
  }
  return Response.json({ message: '500: Internal Server Error', code: 0 }, { status: 500 })
}
