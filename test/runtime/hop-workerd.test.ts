import { afterAll, beforeAll, describe } from 'vitest'
import { type HopPlace, hopTranscript, startHop, stopHop } from './hop.ts'
import { smugglingTranscript } from './smuggling.ts'

let place: HopPlace
beforeAll(async () => {
  place = await startHop('workerd')
}, 90_000)
afterAll(() => stopHop(place), 30_000)

describe('the hop on workerd', () => hopTranscript(() => place))
describe('requests read in two ways on workerd', () => smugglingTranscript(() => place))
