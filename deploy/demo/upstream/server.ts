import { fileURLToPath } from 'node:url'
import { matchMaker, Server } from '@colyseus/core'
import { WebSocketTransport } from '@colyseus/ws-transport'
import { addressesFrom } from '../addresses.ts'
import { callerReader, type ReadCaller, type Trust } from './caller.ts'
import { arenaRoom } from './room.ts'
import { mountRoutes } from './routes.ts'
import type { WebApp } from './web.ts'

/** A running game. */
export interface Game {
  close(): Promise<void>
}

/** The transport, with sockets refused before the handshake unless the gateway vouches for them. */
function transportFor(read: ReadCaller): WebSocketTransport {
  return new WebSocketTransport({
    async beforeUpgrade(_request, context) {
      const { proof } = await read(context.headers)
      return proof.kind === 'verified'
        ? undefined
        : new Response('the gateway does not vouch for this socket', { status: 401 })
    },
  })
}

/**
 * Starts the game on a loopback port. It has no sign-in of its own: it knows its players by what the gateway says.
 *
 * @param pages - origin of the pages that may read its answers: the gateway's
 */
export async function startGame(port: number, trust: Trust, pages: string): Promise<Game> {
  const read = callerReader(trust)
  // WHY: Colyseus lets every origin read by default; the game is only ever played through the gateway.
  matchMaker.controller.getCorsHeaders = () => ({ 'Access-Control-Allow-Origin': pages })
  const server = new Server({
    greet: false,
    transport: transportFor(read),
    express: (app: WebApp) => mountRoutes(app, read),
  })
  server.define('arena', arenaRoom(read))
  await server.listen(port, '127.0.0.1')
  return { close: () => server.gracefullyShutdown(false) }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { gateway, upstreamPort } = addressesFrom(process.env)
  const trust = {
    jwksUrl: process.env['POSTERN_JWKS_URL'] ?? `${gateway}/.well-known/jwks.json`,
    issuer: process.env['POSTERN_ISSUER'] ?? `${gateway}/auth`,
    audience: process.env['POSTERN_AUDIENCE'] ?? 'game',
  }
  await startGame(upstreamPort, trust, gateway)
  console.log('game: ready')
}
