import { afterAll, beforeAll, describe } from 'vitest'
import { reconnectPlace } from '../support/reconnects.ts'
import { reconnectTranscript } from './reconnects.ts'

let started: Awaited<ReturnType<typeof reconnectPlace>>
beforeAll(async () => {
  started = await reconnectPlace('node')
}, 120_000)
afterAll(() => started?.stop(), 60_000)

describe('stock clients on node', () => reconnectTranscript(() => started.place))
