import { afterAll, beforeAll, describe } from 'vitest'
import { type Demo, startDemo } from '../support/demo.ts'
import { journeys } from './journeys.ts'
import { providerTroubles } from './provider-troubles.ts'

for (const runtime of ['node', 'deno', 'workers']) {
  describe(`every provider on ${runtime}`, () => {
    let demo: Demo
    beforeAll(async () => {
      demo = await startDemo({ environment: { DEMO_RUNTIME: runtime } })
    }, 90_000)
    afterAll(() => demo?.stop(), 30_000)
    journeys(() => demo)
    // WHY: last, because a provider that asked for patience is left alone for so long.
    describe('in trouble', () => providerTroubles(() => demo))
  })
}
