import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CLOSINGS_KEY, closingsEnvironment } from '../support/closings.ts'
import { startDeployment } from '../support/deployment.ts'
import { guestOf } from '../support/guest.ts'
import { ask } from '../support/http.ts'
import { freePorts } from '../support/ports.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { mustOpen } from '../support/socket-client.ts'
import { startWire, type Wire } from '../support/wire.ts'
import { type ClosingsPlace, closingsTranscript } from './closings.ts'

let wire: Wire
let redis: RedisServer
let place: ClosingsPlace
beforeAll(async () => {
  wire = await startWire()
  redis = await startRedis()
  const [one, two] = [await freePorts(1), await freePorts(1)]
  const environment = {
    ...closingsEnvironment(wire),
    CLOSINGS_STORE: 'redis',
    CLOSINGS_ORIGIN: `http://localhost:${one}`,
    CLOSINGS_HOSTS: `localhost:${two}`,
    REDIS_URL: redis.url,
    POSTERN_ROOT_SECRET: 'a root secret of at least thirty-two characters',
  }
  const start = (port: number) =>
    startDeployment({ runtime: 'node', name: 'closings', environment: { ...environment, PORT: String(port) } })
  place = { wire, holds: await start(one), acts: await start(two), operatorKey: CLOSINGS_KEY, pushed: 1_000 }
}, 90_000)
afterAll(async () => {
  await Promise.all([place?.holds.stop(), place?.acts.stop()])
  await redis?.stop()
  await wire?.stop()
}, 30_000)

describe('closings of one process by what another one does, over Redis', () => closingsTranscript(() => place))

test('the end of every session by one process is seen by the other at once, by requests and sockets (SPEC 2)', async () => {
  const { gateway } = place.holds
  const visitor = await guestOf(gateway)
  const headers = { cookie: visitor.cookie(gateway) ?? '', origin: gateway }
  const status = async () => (await ask(`${gateway}/room/page`, { headers })).status
  const socket = await mustOpen(`${gateway}/room/everybody`, { headers })
  expect(await status()).toBe(200)
  const since = Date.now()
  const ended = await ask(`${place.acts.gateway}/auth/operator/v1/sessions.clear`, {
    method: 'POST',
    body: '{}',
    headers: { authorization: `Bearer ${CLOSINGS_KEY}`, 'content-type': 'application/json' },
  })
  expect(ended.status).toBe(200)
  expect((await socket.closed).code).toBe(4401)
  expect(Date.now() - since).toBeLessThan(place.pushed)
  expect(await status()).toBe(401)
})
