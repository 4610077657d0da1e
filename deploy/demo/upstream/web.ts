import type { IncomingMessage, ServerResponse } from 'node:http'

/** A request as Express hands it on. */
export interface WebRequest extends IncomingMessage {
  readonly params: Readonly<Record<string, string>>
  readonly originalUrl: string
  readonly method: string
}

/** A response as Express hands it on. */
export interface WebResponse extends ServerResponse {
  status(code: number): this
  json(body: unknown): this
  type(name: string): this
  redirect(status: number, location: string): void
}

/** One route's function. */
export type Handler = (request: WebRequest, response: WebResponse) => void | Promise<void>

/** What happens when a route's function throws. */
export type FailureHandler = (error: unknown, request: WebRequest, response: WebResponse, next: () => void) => void

/** The part of an Express application that the game uses. */
export interface WebApp {
  get(path: string, handler: Handler): unknown
  patch(path: string, handler: Handler): unknown
  delete(path: string, handler: Handler): unknown
  all(path: string, handler: Handler): unknown
  use(handler: FailureHandler): unknown
  disable(setting: string): unknown
}

/** The query of a request, read from the raw target. */
export function queryOf(request: WebRequest): URLSearchParams {
  return new URLSearchParams(request.originalUrl.split('?').slice(1).join('?'))
}

/** The headers of a request; repeated ones are joined. */
export function headersOf(request: WebRequest): Headers {
  const headers = new Headers()
  for (const [name, value] of headerPairs(request)) headers.append(name, value)
  return headers
}

/** Names and values exactly as they came over the wire, in order. */
export function headerPairs(request: WebRequest): readonly (readonly [string, string])[] {
  const raw = request.rawHeaders
  return raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ''] as const] : []))
}

/**
 * The JSON object in a request's body.
 *
 * @returns null when it is not an object, not JSON or over 16 KiB
 */
export async function jsonBody(request: WebRequest): Promise<Readonly<Record<string, unknown>> | null> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request) {
    const bytes = Buffer.from(part)
    size += bytes.length
    if (size > 16_384) return null
    parts.push(bytes)
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(parts).toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}
