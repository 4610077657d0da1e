import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Player, provenPlayer, type ReadCaller } from './caller.ts'
import { mountEcho } from './echo.ts'
import { newRoster } from './roster.ts'
import {
  type Handler,
  headerPairs,
  headersOf,
  jsonBody,
  type WebApp,
  type WebRequest,
  type WebResponse,
} from './web.ts'

const PAGE_POLICY = "default-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** The browser bundle in the SDK's package; its `exports` do not name it, so it is found from the main entry. */
const sdkBundle = (): string => fileURLToPath(new URL('../dist/colyseus.js', import.meta.resolve('@colyseus/sdk')))

function file(path: string, type: string, headers: Readonly<Record<string, string>> = {}): Handler {
  const body = readFileSync(path)
  return (_request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    response.type(type).end(body)
  }
}

function mountPages(app: WebApp): void {
  const page = file(beside('./page.html'), 'html', {
    'content-security-policy': PAGE_POLICY,
    'cache-control': 'no-store',
  })
  const forAnHour = { 'cache-control': 'public, max-age=3600' }
  app.get('/', (_request, response) => response.redirect(302, '/play'))
  app.get('/play', page)
  app.get('/play/*rest', page)
  app.get('/assets/page.css', file(beside('./page.css'), 'css', { 'cache-control': 'no-cache' }))
  app.get('/assets/page.js', file(beside('./page.js'), 'text/javascript', { 'cache-control': 'no-cache' }))
  app.get('/assets/colyseus.js', file(sdkBundle(), 'text/javascript', forAnHour))
}

type PlayerHandler = (request: WebRequest, response: WebResponse, player: Player) => void | Promise<void>

/** Runs a game action only for a player whom the gateway vouches for. What the player may do was decided there. */
function forPlayers(read: ReadCaller, act: PlayerHandler): Handler {
  return async (request, response) => {
    const caller = await read(headersOf(request))
    const player = provenPlayer(caller)
    if (player !== null) return act(request, response, player)
    const reason = caller.proof.kind === 'refused' ? caller.proof.reason : caller.proof.kind
    response.status(401).json({ error: 'not_vouched_for', reason })
  }
}

function mountPlayers(app: WebApp, read: ReadCaller): void {
  const roster = newRoster()
  const missing = (response: WebResponse): void => void response.status(404).json({ error: 'no_such_player' })
  app.get(
    '/players',
    forPlayers(read, (_request, response) => void response.json({ players: roster.list() })),
  )
  app.get(
    '/players/:id',
    forPlayers(read, (request, response) => {
      const entry = roster.find(request.params['id'] ?? '')
      return entry === null ? missing(response) : void response.json(entry)
    }),
  )
  app.patch(
    '/players/:id',
    forPlayers(read, async (request, response) => {
      const patch = await jsonBody(request)
      if (patch === null) return void response.status(400).json({ error: 'not_a_json_object' })
      const entry = roster.change(request.params['id'] ?? '', patch)
      return entry === null ? missing(response) : void response.json(entry)
    }),
  )
  app.delete(
    '/players/:id',
    forPlayers(read, (request, response) => {
      return roster.remove(request.params['id'] ?? '') ? void response.status(204).end() : missing(response)
    }),
  )
  app.get(
    '/admin/reports',
    forPlayers(read, (_request, response, player) => {
      const reports = [{ id: 'r1', about: '2', text: 'Swings before the bell.' }]
      response.json({ readBy: player.id, reports })
    }),
  )
}

/** All HTTP routes of the game. */
export function mountRoutes(app: WebApp, read: ReadCaller): void {
  app.disable('x-powered-by')
  mountPages(app)
  app.get('/whoami', async (request, response) => {
    const caller = await read(headersOf(request))
    const { method, originalUrl: target } = request
    response.setHeader('cache-control', 'no-store')
    response.json({
      ...caller,
      verified: caller.proof.kind === 'verified',
      method,
      target,
      headers: headerPairs(request),
    })
  })
  mountPlayers(app, read)
  mountEcho(app)
  app.use((error, _request, response, _next) => {
    console.error(error)
    if (response.headersSent) return void response.destroy()
    response.status(500).json({ error: 'the game failed' })
  })
}
