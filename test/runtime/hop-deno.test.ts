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
  place = await startHop('deno')
}, 90_000)
afterAll(() => stopHop(place), 30_000)

describe('the hop on deno', () => hopTranscript(() => place))
describe('a gigabyte on deno', () => bulkTranscript(() => place))
describe('what deno passes on', () => passedOnTranscript(() => place))
describe('requests read in two ways on deno', () => smugglingTranscript(() => place))
describe('roads to services on deno', () => roadsTranscript(() => place))
describe('what services send too much on deno', () => surplusTranscript(() => place, 'deno'))
describe('what answers do on deno', () => watchedTranscript(() => place))
