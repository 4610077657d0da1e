import type { Server } from 'node:http'
import { type Handler, json, pathServer } from './hostile-op.ts'

/** A local service with the paths and answers of a provider that has no emulator; what it was asked is kept. */
export interface Shape {
  readonly url: string
  readonly hits: Map<string, number>
  readonly asked: {
    readonly path: string
    readonly body: URLSearchParams
    readonly query: URLSearchParams
    readonly authorization: string
  }[]
  /** Replaces the answer at one path. */
  on(path: string, handler: Handler): void
  close(): Promise<void>
}

const CODE = 'the-real-code'
const TOKEN = 'the-real-access-token'

/** The code these services hand out; it works once. */
export const SHAPE_CODE: string = CODE
export const SHAPE_TOKEN: string = TOKEN

/** Starts a service whose token endpoint takes the code once and whose other paths want the bearer token. */
export async function shape(tokenPath: string, answers: Readonly<Record<string, unknown>>): Promise<Shape> {
  const table = new Map<string, Handler>()
  const replaced = new Map<string, Handler>()
  const hits = new Map<string, number>()
  const asked: Shape['asked'] = []
  let isUsed = false
  const { url, server } = await pathServer(table, hits)
  const add = (path: string, honest: Handler): void => {
    table.set(path, (request, response) => {
      const query = new URL(request.url, url).searchParams
      asked.push({ path, body: request.body, query, authorization: request.headers.authorization ?? '' })
      return (replaced.get(path) ?? honest)(request, response)
    })
  }
  add(tokenPath, ({ body }, response) => {
    if (body.get('code') !== CODE || isUsed)
      return json(response, { error: 'invalid_grant', error_description: '<b>bad code</b>' }, 400)
    isUsed = true
    json(response, { access_token: TOKEN, token_type: 'Bearer', expires_in: 3600, scope: 'all' })
  })
  for (const [path, answer] of Object.entries(answers)) {
    add(path, ({ headers }, response) => {
      if (headers.authorization !== `Bearer ${TOKEN}`) return json(response, { message: '401: Unauthorized' }, 401)
      json(response, answer)
    })
  }
  return { url, hits, asked, on: (path, handler) => void replaced.set(path, handler), close: () => closed(server) }
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
