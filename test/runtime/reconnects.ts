import { Client, type Room } from '@colyseus/sdk'
import { io as connectIo, type Socket } from 'socket.io-client'
import { expect, test } from 'vitest'
import type { SeatGame } from '../support/colyseus.ts'
import type { Cuttable } from '../support/cuttable.ts'
import type { Deployment } from '../support/deployment.ts'
import { guestOf } from '../support/guest.ts'
import { ask } from '../support/http.ts'
import type { Visitor } from '../support/visitor.ts'
import type { Wire } from '../support/wire.ts'

/** One gateway in front of each game, and wires to them that a test can cut. */
export interface ReconnectPlace {
  readonly colyseus: { deployment: Deployment; readonly wire: Cuttable }
  readonly socketIo: { deployment: Deployment; readonly wire: Cuttable }
  readonly game: SeatGame
  readonly service: Wire
  readonly operatorKey: string
  /** Ends a gateway, as a supervisor does or by SIGKILL, and starts it again over the same store. */
  restart(which: 'colyseus' | 'socketIo', how: 'stopped' | 'killed'): Promise<void>
}

const CUT_MS = 20_000

/** How a page of the game's players travels: over the cuttable wire, with what their browser has. */
async function playerOf(deployment: Deployment): Promise<{
  readonly visitor: Visitor
  readonly user: string
  readonly headers: { readonly cookie: string; readonly origin: string }
}> {
  const { gateway } = deployment
  const visitor = await guestOf(gateway)
  const told = await visitor.send(`${gateway}/auth/session`, { headers: { accept: 'application/json' } })
  const { user } = (await told.json()) as { user: { id: string } }
  return { visitor, user: user.id, headers: { cookie: visitor.cookie(gateway) ?? '', origin: gateway } }
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}

async function enter(at: string, headers: { readonly cookie: string; readonly origin: string }): Promise<Room> {
  const room = await new Client(at, { headers }).joinOrCreate('seat')
  // WHY: the test would otherwise wait five seconds before it may be cut off.
  room.reconnection.minUptime = 0
  return room
}

function heard(event: (told: () => void) => unknown): Promise<void> {
  return new Promise((resolve) => event(() => resolve()))
}

function whoAmI(room: Room): Promise<string> {
  return new Promise((resolve) => {
    room.onMessage('you', ({ user }: { user: string }) => resolve(user))
    room.send('who')
  })
}

/** Stock clients of Colyseus and socket.io: cut off, restarted under, and kicked. */
export function reconnectTranscript(place: () => ReconnectPlace): void {
  const over = (which: 'colyseus' | 'socketIo') => `http://localhost:${place()[which].wire.port}`

  async function kick(deployment: Deployment, user: string): Promise<void> {
    const answer = await ask(`${deployment.gateway}/auth/operator/v1/users.kick`, {
      method: 'POST',
      body: JSON.stringify({ user }),
      headers: { authorization: `Bearer ${place().operatorKey}`, 'content-type': 'application/json' },
    })
    expect(answer.status).toBe(200)
  }

  function ioClient(headers: Readonly<Record<string, string>>, transports: string[]): Socket {
    return connectIo(over('socketIo'), {
      extraHeaders: { ...headers },
      transports,
      reconnectionDelayMax: 1_000,
      forceNew: true,
    })
  }

  async function connected(client: Socket): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      client.once('connect', resolve)
      client.once('connect_error', reject)
    })
  }

  test('a cut of 20 s keeps the seat and the user of Colyseus, and both ways of socket.io', async () => {
    const [fighter, talker] = [await playerOf(place().colyseus.deployment), await playerOf(place().socketIo.deployment)]
    const room = await enter(over('colyseus'), fighter.headers)
    expect(await whoAmI(room)).toBe(fighter.user)
    const seat = room.sessionId
    const clients = [ioClient(talker.headers, ['polling', 'websocket']), ioClient(talker.headers, ['websocket'])]
    await Promise.all(clients.map(connected))
    const back = heard(room.onReconnect)
    for (const which of ['colyseus', 'socketIo'] as const) place()[which].wire.cut()
    await pause(CUT_MS)
    for (const which of ['colyseus', 'socketIo'] as const) place()[which].wire.mend()
    await back
    expect([room.sessionId, await whoAmI(room)]).toEqual([seat, fighter.user])
    for (const client of clients) {
      if (!client.connected) await new Promise<void>((resolve) => client.once('connect', resolve))
      expect(await client.emitWithAck('who')).toBe(talker.user)
      client.close()
    }
    expect(new Set(place().game.upgrades.filter((user) => user === fighter.user)).size).toBe(1)
    await room.leave()
  }, 90_000)

  test.each([
    ['stopped', 'websocket'],
    ['killed', 'websocket'],
    ['killed', 'polling'],
  ] as const)(
    'a gateway that is %s and started again over the same store keeps the seat and the user, by %s',
    async (how, way) => {
      const [fighter, talker] = [
        await playerOf(place().colyseus.deployment),
        await playerOf(place().socketIo.deployment),
      ]
      const room = await enter(over('colyseus'), fighter.headers)
      const seat = room.sessionId
      const client = ioClient(talker.headers, [way])
      await connected(client)
      const before = client.id
      const ends = new Promise<string>((resolve) => client.once('disconnect', resolve))
      const [dropped, back] = [heard(room.onDrop), heard(room.onReconnect)]
      await Promise.all([place().restart('colyseus', how), place().restart('socketIo', how)])
      await Promise.all([dropped, back])
      expect([room.sessionId, await whoAmI(room)]).toEqual([seat, fighter.user])
      expect(['transport close', 'transport error']).toContain(await ends)
      if (!client.connected) await new Promise<void>((resolve) => client.once('connect', resolve))
      expect(client.id).not.toBe(before)
      expect(await client.emitWithAck('who')).toBe(talker.user)
      client.close()
      await room.leave()
    },
    90_000,
  )

  test('a kick is seen by both clients, and neither gets in again', async () => {
    const [fighter, talker] = [await playerOf(place().colyseus.deployment), await playerOf(place().socketIo.deployment)]
    const room = await enter(over('colyseus'), fighter.headers)
    const client = ioClient(talker.headers, ['websocket'])
    await connected(client)
    const left = new Promise<number>((resolve) => room.onLeave((code) => resolve(code)))
    const gone = new Promise<{ reason: string; code: unknown }>((resolve) =>
      client.once('disconnect', (reason, details) => {
        const context = details !== undefined && 'context' in details ? details.context : null
        resolve({ reason, code: (context as { code?: unknown } | null)?.code })
      }),
    )
    const refused = new Promise<void>((resolve) => client.once('connect_error', () => resolve()))
    await kick(place().colyseus.deployment, fighter.user)
    await kick(place().socketIo.deployment, talker.user)
    expect(await left).toBe(4401)
    expect(await gone).toEqual({ reason: 'transport close', code: 4401 })
    await refused
    await expect(enter(over('colyseus'), fighter.headers)).rejects.toThrow()
    client.close()
  }, 30_000)
}
