import { afterAll, beforeAll, describe } from 'vitest'
import { startDeployment } from '../support/deployment.ts'
import { startWire } from '../support/wire.ts'
import { credentialsTranscript, ROOT_SECRET } from './credentials.ts'
import { earlyDataTranscript } from './early-data.ts'
import { fidelityTranscript } from './fidelity.ts'
import { hostileSocketTranscript } from './hostile-sockets.ts'
import { oddUpgradeTranscript } from './odd-upgrades.ts'
import { servedTranscript } from './served-upgrades.ts'
import { type SocketPlace, socketTranscript } from './sockets.ts'

let place: SocketPlace
beforeAll(async () => {
  const wire = await startWire()
  const environment = {
    WIRE_PORT: String(wire.port),
    ROBOT_TOKEN: 'robot-token-value-1234567890',
    POSTERN_ROOT_SECRET: ROOT_SECRET,
  }
  place = { wire, deployment: await startDeployment({ runtime: 'deno', name: 'wire', environment }) }
}, 90_000)
afterAll(async () => {
  await place?.deployment.stop()
  await place?.wire.stop()
}, 30_000)

describe('live sockets on deno', () => socketTranscript(() => place))
describe('odd upgrades on deno', () => oddUpgradeTranscript(() => place))
describe('hostile clients of sockets on deno', () => hostileSocketTranscript(() => place))
describe('served upgrades on deno', () => servedTranscript(() => place))
describe('HTTP on deno', () => fidelityTranscript(() => place))
describe('credentials on deno', () => credentialsTranscript(() => place))
describe('early data on deno', () => earlyDataTranscript(() => place))
