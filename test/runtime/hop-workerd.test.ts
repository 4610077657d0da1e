import { afterAll, beforeAll, describe } from 'vitest'
import { type HopPlace, hopTranscript, startHop, stopHop } from './hop.ts'
import { roadsTranscript } from './roads.ts'
import { smugglingTranscript } from './smuggling.ts'
import { watchedTranscript } from './watched.ts'

let place: HopPlace
beforeAll(async () => {
  place = await startHop('workerd')
}, 90_000)
afterAll(() => stopHop(place), 30_000)

describe('the hop on workerd', () => hopTranscript(() => place))
describe('requests read in two ways on workerd', () => smugglingTranscript(() => place))
describe('roads to services on workerd', () => roadsTranscript(() => place))
describe('what answers do on workerd', () => watchedTranscript(() => place))
