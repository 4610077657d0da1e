import { afterAll, beforeAll, describe } from 'vitest'
import { CLOSINGS_KEY, closingsEnvironment } from '../support/closings.ts'
import { startDeployment } from '../support/deployment.ts'
import { freePorts } from '../support/ports.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
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
