import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import type { Gateway } from './gateway.ts'

/** One own endpoint: plain facts in, an answer out; `request` only for its body. */
export type OwnEndpoint = (ask: Ask, gateway: Gateway, request: Request) => Promise<Answer>

/** How an own endpoint becomes a route: done by the application, which knows the gateway of each request. */
export type Own = (endpoint: OwnEndpoint) => (context: OwnContext) => Promise<Response>

/** What of a Hono context an own endpoint needs. */
export interface OwnContext {
  readonly req: { readonly raw: Request }
  readonly env: unknown
}
