import { afterAll, beforeAll, describe } from 'vitest'
import { startDeployment } from '../support/deployment.ts'
import { startWire } from '../support/wire.ts'
import { environmentOf, identityTranscript } from './identity.ts'
import type { SocketPlace } from './sockets.ts'
import { spoofedWays } from './spoofed-ways.ts'

let place: SocketPlace
beforeAll(async () => {
  const wire = await startWire()
  place = {
    wire,
    deployment: await startDeployment({ runtime: 'workerd', name: 'upstreams', environment: environmentOf(wire.port) }),
  }
}, 90_000)
afterAll(async () => {
  await place?.deployment.stop()
  await place?.wire.stop()
}, 30_000)

describe('identity on workerd', () => identityTranscript(() => place))
describe('ways to services on workerd', () => spoofedWays(() => place))
