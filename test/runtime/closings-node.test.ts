import { afterAll, beforeAll, describe } from 'vitest'
import { CLOSINGS_KEY, closingsEnvironment } from '../support/closings.ts'
import { startDeployment } from '../support/deployment.ts'
import { startWire, type Wire } from '../support/wire.ts'
import { type ClosingsPlace, closingsTranscript } from './closings.ts'

let wire: Wire
let place: ClosingsPlace
beforeAll(async () => {
  wire = await startWire()
  const environment = closingsEnvironment(wire)
  const holds = await startDeployment({ runtime: 'node', name: 'closings', environment })
  place = { wire, holds, acts: holds, operatorKey: CLOSINGS_KEY, pushed: 1_000 }
}, 90_000)
afterAll(async () => {
  await place?.holds.stop()
  await wire?.stop()
}, 30_000)

describe('closings on node', () => closingsTranscript(() => place))
