import { afterAll, beforeAll, describe } from 'vitest'
import { bulkTranscript } from './bulk.ts'
import { type HopPlace, hopTranscript, startHop, stopHop } from './hop.ts'
import { passedOnTranscript } from './passed-on.ts'
import { roadsTranscript } from './roads.ts'
import { smugglingTranscript } from './smuggling.ts'
import { surplusTranscript } from './surplus.ts'
import { watchedTranscript } from './watched.ts'

let place: HopPlace
beforeAll(async () => {
  place = await startHop('node')
}, 90_000)
afterAll(() => stopHop(place), 30_000)

describe('the hop on node', () => hopTranscript(() => place))
describe('a gigabyte on node', () => bulkTranscript(() => place))
describe('what node passes on', () => passedOnTranscript(() => place))
describe('requests read in two ways on node', () => smugglingTranscript(() => place))
describe('roads to services on node', () => roadsTranscript(() => place))
describe('what services send too much on node', () => surplusTranscript(() => place, 'node'))
describe('what answers do on node', () => watchedTranscript(() => place))
