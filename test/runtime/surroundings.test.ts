import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { guestOf } from '../support/guest.ts'
import { ask } from '../support/http.ts'
import { mustOpen } from '../support/socket-client.ts'
import { startWire, type Wire } from '../support/wire.ts'

const ROBOT = { ROBOT_TOKEN: 'robot-token-value-1234567890' }

describe.each(['node', 'deno', 'workerd'] as const)('what stands around sessions, on %s', (runtime) => {
  let game: Wire
  let postern: Deployment

  beforeAll(async () => {
    game = await startWire()
    postern = await startDeployment({ runtime, name: 'wire', environment: { WIRE_PORT: String(game.port), ...ROBOT } })
  }, 90_000)
  afterAll(async () => {
    await postern?.stop()
    await game?.stop()
  }, 30_000)

  test('O9: a socket for each room, by its path; a dropped gateway loses the connection and nothing else', async () => {
    const cookie = (await guestOf(postern.gateway)).cookie(postern.gateway) ?? ''
    const headers = { cookie, origin: postern.gateway }
    const open = (room: string) => mustOpen(`${postern.gateway}/wire/rooms/${room}`, { headers })
    const [hall, cellar] = [await open('hall'), await open('cellar')]
    hall.raw.send('to the hall')
    cellar.raw.send('to the cellar')
    expect([await hall.next(), await cellar.next()]).toEqual(['to the hall', 'to the cellar'])
    expect([...game.live.keys()].toSorted()).toEqual(['/wire/rooms/cellar', '/wire/rooms/hall'])
    await postern.kill()
    for (const { closed } of [hall, cellar]) expect((await closed).code).toBe(1006)
    postern = await startDeployment({
      runtime,
      name: 'wire',
      environment: { WIRE_PORT: String(game.port), ...ROBOT },
      again: postern,
    })
    const again = await open('hall')
    again.raw.send('still here')
    expect(await again.next()).toBe('still here')
    again.raw.close(1000)
    await again.closed
  }, 120_000)

  test('O7: a service that is stopped by a route of its own answers before it dies; then it is 502, and no sooner', async () => {
    game.answer = (incoming, outgoing) => {
      if (incoming.url !== '/open/admin/server/stop') return outgoing.end('played')
      return outgoing.end('stopping', () => void game.stop())
    }
    expect((await ask(`${postern.gateway}/open/a`)).status).toBe(200)
    const stopped = await ask(`${postern.gateway}/open/admin/server/stop`, { method: 'POST' })
    expect([stopped.status, await stopped.text()]).toEqual([200, 'stopping'])
    await expect
      .poll(async () => (await ask(`${postern.gateway}/open/a`)).status, { timeout: 10_000 })
      .toBeOneOf([502, 503])
  }, 60_000)
})
