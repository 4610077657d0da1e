import { afterAll, beforeAll, describe } from 'vitest'
import { closingsEnvironment } from '../support/closings.ts'
import { startDeployment } from '../support/deployment.ts'
import { startWire } from '../support/wire.ts'
import { type DrainPlace, drainTranscript } from './drain.ts'

let place: DrainPlace
beforeAll(async () => {
  const wire = await startWire()
  const options = { runtime: 'node', name: 'closings', environment: closingsEnvironment(wire) } as const
  place = { wire, options, deployment: await startDeployment(options) }
}, 90_000)
afterAll(async () => {
  await place?.deployment.stop()
  await place?.wire.stop()
}, 30_000)

describe('a stop on node', () => drainTranscript(() => place))
