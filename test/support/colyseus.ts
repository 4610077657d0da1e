import type { IncomingHttpHeaders } from 'node:http'
import { type AuthContext, type Client, Room, Server } from '@colyseus/core'
import { WebSocketTransport } from '@colyseus/ws-transport'

/** A game with one room that keeps the seat of whoever was cut off, as its players expect. */
export interface SeatGame {
  readonly port: number
  /** Users by their seat, as the upgrades named them, in order. */
  readonly upgrades: string[]
  stop(): Promise<void>
}

const SEAT_SECONDS = 60

function userOf(headers: Headers | IncomingHttpHeaders): string {
  const value = headers instanceof Headers ? headers.get('postern-user') : headers['postern-user']
  return typeof value === 'string' ? value : 'nobody'
}

class SeatRoom extends Room<{ client: Client<{ auth: { user: string } }> }> {
  override messages = {
    who: (client: Client<{ auth: { user: string } }>) => client.send('you', { user: client.auth?.user ?? '' }),
  }

  static override async onAuth(_token: string, _options: unknown, context: AuthContext): Promise<{ user: string }> {
    return { user: userOf(context.headers as Headers) }
  }

  override onDrop(client: Client<{ auth: { user: string } }>): void {
    void this.allowReconnection(client, SEAT_SECONDS).catch(() => undefined)
  }
}

/** Starts it on a port of this machine. */
export async function startSeatGame(port: number): Promise<SeatGame> {
  const upgrades: string[] = []
  const transport = new WebSocketTransport({
    async beforeUpgrade(_request, context) {
      upgrades.push(userOf(context.headers))
      return undefined
    },
  })
  const server = new Server({ greet: false, transport })
  server.define('seat', SeatRoom)
  await server.listen(port, '127.0.0.1')
  return { port, upgrades, stop: () => server.gracefullyShutdown(false) }
}
