import { Client, type Room } from '@colyseus/sdk'
import { expect, test } from 'vitest'
import { Visitor } from '../support/visitor.ts'
import type { Place } from './transcript.ts'

interface Said {
  readonly from: string
  readonly text: string
}

/** Colyseus' own client, unmodified: only the cookie a browser would send is given to it. */
async function enter(gateway: string, visitor: Visitor): Promise<Room> {
  const cookie = visitor.cookie(gateway) ?? ''
  const client = new Client(gateway, { headers: { cookie, origin: gateway } })
  const room = await client.joinOrCreate('arena')
  // WHY: a test is about one cut; the library would otherwise go on trying after it.
  room.reconnection.maxRetries = 0
  return room
}

function nextSaid(room: Room): Promise<Said> {
  return new Promise((resolve) => room.onMessage('said', (said: Said) => resolve(said)))
}

function left(room: Room): Promise<number> {
  return new Promise((resolve) => room.onLeave((code: number) => resolve(code)))
}

/** The demo's game, played through Postern by the game library's own client: the same on every runtime. */
export function arenaTranscript(place: () => Place): void {
  test('two players meet in a room and know each other by the names Postern vouches for', async () => {
    const [ada, sol] = [new Visitor(), new Visitor()]
    await ada.signIn(place().gateway, 'google', 'ada@players.example')
    await sol.signIn(place().gateway, 'google', 'sol@players.example')
    const [first, second] = [await enter(place().gateway, ada), await enter(place().gateway, sol)]
    for (const room of [first, second]) room.onMessage('history', () => undefined)
    const heard = nextSaid(second)
    first.send('say', { text: 'hello' })
    expect(await heard).toMatchObject({ from: 'Ada Lindgren', text: 'hello' })
    await Promise.all([first.leave(), second.leave()])
  })

  test('signing out ends the game with 4401, for that player only', async () => {
    const [ada, sol] = [new Visitor(), new Visitor()]
    await ada.signIn(place().gateway, 'google', 'ada@players.example')
    await sol.signIn(place().gateway, 'google', 'sol@players.example')
    const [first, second] = [await enter(place().gateway, ada), await enter(place().gateway, sol)]
    for (const room of [first, second]) {
      room.onMessage('history', () => undefined)
      room.onMessage('said', () => undefined)
    }
    const gone = left(first)
    await ada.send(`${place().gateway}/auth/sign-out`, { method: 'POST', headers: { origin: place().gateway } })
    expect(await gone).toBe(4401)
    const heard = nextSaid(second)
    second.send('say', { text: 'alone now' })
    expect(await heard).toMatchObject({ text: 'alone now' })
    await second.leave()
  })
}
