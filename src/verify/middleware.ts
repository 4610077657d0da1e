import type { Verified } from './assertion.ts'
import { type GuardOptions, receivedRequest, refusalAnswer, verifyRequest } from './http.ts'
import type { ReceivedMessage } from './message-signature.ts'

/** The part of Hono's context that is used here. */
export interface HonoContext {
  readonly req: { readonly raw: Request }
  set(key: 'postern', value: Verified): void
}

/** The part of an Express (or Node) request that is used here. */
export interface ExpressRequest {
  readonly method?: string | undefined
  /** The raw target: Express keeps it here when a router shortens `url`. */
  readonly originalUrl?: string
  readonly url?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  postern?: Verified
}

/** The part of an Express (or Node) response that is used here. */
export interface ExpressResponse {
  writeHead(status: number, headers: Record<string, string>): unknown
  end(body: string): unknown
}

/** Hono middleware: `c.get('postern')` is who is asking; requests that are not vouched for get 401 or 503. */
export function honoGuard(
  options: GuardOptions,
): (c: HonoContext, next: () => Promise<void>) => Promise<Response | undefined> {
  return async function posternGuard(c, next) {
    let caller: Verified
    try {
      caller = await verifyRequest(receivedRequest(c.req.raw), options)
    } catch (problem) {
      const { status, headers, body } = refusalAnswer(problem)
      return new Response(body, { status, headers })
    }
    c.set('postern', caller)
    await next()
    return undefined
  }
}

/** A Node request as `verifyRequest` takes it. */
export function receivedIncoming(request: ExpressRequest): ReceivedMessage {
  function header(name: string): string | null {
    const value = request.headers[name]
    if (value === undefined) return null
    return typeof value === 'string' ? value : value.join(', ')
  }
  return {
    method: request.method ?? 'GET',
    authority: header('host') ?? '',
    target: request.originalUrl ?? request.url ?? '/',
    header,
    names: Object.keys(request.headers),
  }
}

/** Express middleware: `req.postern` is who is asking; requests that are not vouched for get 401 or 503. */
export function expressGuard(
  options: GuardOptions,
): (request: ExpressRequest, response: ExpressResponse, next: (problem?: unknown) => void) => Promise<void> {
  return async function posternGuard(request, response, next) {
    let caller: Verified
    try {
      caller = await verifyRequest(receivedIncoming(request), options)
    } catch (problem) {
      try {
        const { status, headers, body } = refusalAnswer(problem)
        response.writeHead(status, { ...headers })
        response.end(body)
      } catch (bug) {
        next(bug)
      }
      return
    }
    request.postern = caller
    next()
  }
}
