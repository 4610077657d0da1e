import { FAULTS, type FaultKind } from './fault.ts'

/** A finished answer of our own: nothing of an upstream is in it. */
export interface Answer {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string | null
  /** What a file has instead of a text; only own endpoints answer with one. */
  readonly bytes?: Uint8Array<ArrayBuffer>
  /** The problem code it tells; not given: none. */
  readonly code?: string
}

/** Further members of a problem body. */
export type ProblemMembers = Readonly<Record<string, unknown>>

/**
 * A refusal for programs: `application/problem+json` (RFC 9457) with a stable `code`, a `detail` and the request id.
 */
export function problem(
  kind: FaultKind,
  requestId: string,
  members: ProblemMembers = {},
  headers: readonly (readonly [string, string])[] = [],
  contentType: 'application/problem+json' | 'application/json' = 'application/problem+json',
): Answer {
  const row = FAULTS[kind]
  const body = {
    type: 'about:blank',
    title: row.title,
    status: row.status,
    detail: row.detail,
    code: row.code,
    number: row.number,
    request_id: requestId,
    ...members,
  }
  return {
    status: row.status,
    headers: [
      ['content-type', contentType],
      ['cache-control', 'no-store'],
      ['x-content-type-options', 'nosniff'],
      ...headers,
    ],
    body: JSON.stringify(body),
    code: row.code,
  }
}

/** A redirect of our own. */
export function redirect(
  status: 302 | 303,
  location: string,
  headers: readonly (readonly [string, string])[] = [],
): Answer {
  return {
    status,
    headers: [['location', location], ['cache-control', 'no-store'], ['referrer-policy', 'same-origin'], ...headers],
    body: null,
  }
}

/** A small JSON answer of our own, never cached. */
export function json(status: number, body: unknown, headers: readonly (readonly [string, string])[] = []): Answer {
  return {
    status,
    headers: [
      ['content-type', 'application/json'],
      ['cache-control', 'no-store'],
      ['x-content-type-options', 'nosniff'],
      ...headers,
    ],
    body: JSON.stringify(body),
  }
}

/** The answer as a Web Response. */
export function toResponse(answer: Answer): Response {
  const headers = new Headers()
  for (const [name, value] of answer.headers) headers.append(name, value)
  return new Response(answer.bytes ?? answer.body, { status: answer.status, headers })
}
