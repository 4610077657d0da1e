import { type AuthContext, type Client, Room, ServerError } from '@colyseus/core'
import { type SchemaType, schema, t } from '@colyseus/schema'
import { type Player, provenPlayer, type ReadCaller } from './caller.ts'

/** Cells on each side of the arena. */
export const ARENA_SIZE = 8

const MAX_SAID = 280
const HISTORY = 20

/** Somebody in the arena. */
export const Fighter = schema(
  { user: t.string(), name: t.string(), role: t.string(), x: t.uint8(), y: t.uint8() },
  'Fighter',
)
export type Fighter = SchemaType<typeof Fighter>

/** Everybody in the arena, by Colyseus session. */
export const ArenaState = schema({ fighters: t.map(Fighter) }, 'ArenaState')
export type ArenaState = SchemaType<typeof ArenaState>

/** One line of the chat. */
export interface Said {
  readonly from: string
  readonly role: string
  readonly text: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  up: [0, -1],
  down: [0, 1],
  left: [-1, 0],
  right: [1, 0],
}

function step(from: number, by: number): number {
  return Math.min(ARENA_SIZE - 1, Math.max(0, from + by))
}

function fieldOf(message: unknown, name: string): string {
  if (typeof message !== 'object' || message === null) return ''
  const value: unknown = Reflect.get(message, name)
  return typeof value === 'string' ? value : ''
}

/**
 * The game's one room. A seat is given, and a socket accepted, only for a request whose assertion verifies; a fighter's
 * name is the one in the headers of the upgrade request.
 */
export function arenaRoom(read: ReadCaller): new () => Room {
  async function playerOf(context: AuthContext): Promise<Player> {
    const player = provenPlayer(await read(context.headers))
    if (player === null) throw new ServerError(401, 'the gateway does not vouch for this request')
    return player
  }

  return class ArenaRoom extends Room<{ state: ArenaState; client: Client<{ auth: Player }> }> {
    override state = new ArenaState()
    override maxClients = 16
    override maxMessagesPerSecond = 30
    readonly #said: Said[] = []

    override messages = {
      say: (client: Client<{ auth: Player }>, message: unknown) => this.#say(client, fieldOf(message, 'text')),
      move: (client: Client<{ auth: Player }>, message: unknown) => this.#move(client, fieldOf(message, 'to')),
    }

    // WHY: `true`, not the player: the seat is only a promise, who sits down is proven again by the socket's own request.
    static override async onAuth(_token: string, _options: unknown, context: AuthContext): Promise<true> {
      await playerOf(context)
      return true
    }

    override onCreate(): void {
      // WHY: set here and not declared: beside a static onAuth Colyseus warns about a declared one, although it calls it.
      this.onAuth = (_client, _options, context) => playerOf(context)
    }

    override onJoin(client: Client<{ auth: Player }>): void {
      const player = client.auth
      if (player === undefined) throw new ServerError(401, 'nobody is named')
      const start = this.clients.length % ARENA_SIZE
      const fighter = new Fighter()
      fighter.user = player.id
      fighter.name = player.name
      fighter.role = player.role ?? ''
      fighter.x = start
      fighter.y = start
      this.state.fighters.set(client.sessionId, fighter)
      client.send('history', this.#said)
    }

    override onLeave(client: Client): void {
      this.state.fighters.delete(client.sessionId)
    }

    #say(client: Client<{ auth: Player }>, text: string): void {
      const trimmed = text.trim().slice(0, MAX_SAID)
      if (trimmed === '' || client.auth === undefined) return
      const said: Said = { from: client.auth.name, role: client.auth.role ?? '', text: trimmed, at: Date.now() }
      this.#said.push(said)
      if (this.#said.length > HISTORY) this.#said.shift()
      this.broadcast('said', said)
    }

    #move(client: Client, to: string): void {
      const fighter = this.state.fighters.get(client.sessionId)
      const by = Object.hasOwn(STEPS, to) ? STEPS[to] : undefined
      if (fighter === undefined || by === undefined) return
      fighter.x = step(fighter.x, by[0])
      fighter.y = step(fighter.y, by[1])
    }
  }
}
