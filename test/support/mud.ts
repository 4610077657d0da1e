import type { IncomingMessage, ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { bodyOf } from './exchange.ts'

/** Characters of the game by id, and the world each lives in. */
const CHARACTERS: Readonly<Record<string, { readonly name: string; readonly world: string }>> = {
  '7': { name: 'Mira', world: 'meadow' },
  '8': { name: 'Orm', world: 'mines' },
  '9007199254740993': { name: 'Una', world: 'meadow' },
}

/** What a call of the game came to: a status, and JSON as it stands on the wire. */
type Said = readonly [status: number, text: string]

const detail = (status: number, text: string): Said => [status, JSON.stringify({ detail: text })]

/** Ids are read as text: a number of the game may be longer than a double. */
function memberOf(body: string, name: string): string | null {
  return new RegExp(`"${name}"\\s*:\\s*"?([^",}]*)`).exec(body)?.[1]?.trim() ?? null
}

/** Selection as the game knows it: who it is and where stands in the body, its answer names the character alone. */
function selected(body: string): Said {
  const character = CHARACTERS[memberOf(body, 'character_id') ?? '']
  const world = memberOf(body, 'world_id')
  if (character === undefined) return detail(404, 'Character not found')
  if (world === null) return detail(400, 'No world selected')
  if (world === 'vault') return detail(403, 'No access to this world')
  if (character.world !== world) return detail(409, 'The character lives in another world')
  return [200, `{ "character_name" : "${character.name}",\t"level": 1.50 }\n`]
}

/** How the game answers a call when a test wants it to be odd, by the query. */
function oddly(query: string): Said | null {
  if (query === 'large' || query === 'flood')
    return [200, JSON.stringify({ character_name: 'Mira', log: 'x'.repeat(66_000) })]
  if (query === 'nameless') return [200, '{"name":"Mira"}']
  if (query === 'twice') return [200, '{"character_name":"Mira","CHARACTER_NAME":"Orm"}']
  if (query === 'list') return [200, '["Mira"]']
  if (query === 'broken') return [200, '{"character_name":"Mira"']
  if (query === 'number') return [200, '{"character_name":12e3}']
  return query === 'fails' ? detail(500, 'Internal server error') : null
}

/**
 * A game with the calls of a MUD server: ids in body, path and query, errors as JSON with `detail`, a sign-out of its
 * own. `/wire/*` says which character it was told of.
 */
export async function mudAnswer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = (await bodyOf(request)).toString()
  const [path = '', query = ''] = (request.url ?? '').split('?')
  const told = ['postern-character-id', 'postern-world', 'postern-character-name'].map(
    (name) => request.headers[name] ?? null,
  )
  const [status, text]: Said =
    oddly(query) ??
    (path === '/characters/select'
      ? selected(body)
      : path.startsWith('/wire/')
        ? [200, JSON.stringify(told)]
        : [200, '{"ok":true}'])
  if (path === '/game/logout') response.setHeader('Set-Cookie', 'game=; Max-Age=0')
  const bytes = query === 'coded' ? gzipSync(text) : Buffer.from(text)
  response.writeHead(status, {
    'Content-Type': query === 'page' ? 'text/html' : 'application/json',
    'X-Game': 'yes',
    ...(query === 'chunked' || query === 'flood' ? {} : { 'Content-Length': bytes.length }),
    ...(query === 'coded' ? { 'Content-Encoding': 'gzip' } : {}),
    'X-Asked-For': request.headers['accept-encoding'] ?? '',
  })
  response.end(bytes)
}
