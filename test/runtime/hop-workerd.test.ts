import { afterAll, beforeAll, describe } from 'vitest'
import { bulkTranscript } from './bulk.ts'
import { type HopPlace, hopTranscript, startHop, stopHop } from './hop.ts'
import { oneIsolate, toldToOneIsolate } from './one-isolate.ts'
import { passedOnTranscript } from './passed-on.ts'
import { roadsTranscript } from './roads.ts'
import { smugglingTranscript } from './smuggling.ts'
import { surplusTranscript } from './surplus.ts'
import { watchedTranscript } from './watched.ts'

let place: HopPlace
/** Where nothing is still going on that an earlier test began: a stream that is judged again reads its session. */
let quiet: HopPlace
beforeAll(async () => {
  place = await startHop('workerd')
  quiet = await startHop('workerd', toldToOneIsolate)
}, 90_000)
afterAll(async () => {
  await stopHop(place)
  await stopHop(quiet)
}, 30_000)

describe('the hop on workerd', () => hopTranscript(() => place))
describe('much data on workerd', () => bulkTranscript(() => place, 384))
describe('what workerd passes on', () => passedOnTranscript(() => place))
describe('requests read in two ways on workerd', () => smugglingTranscript(() => place))
describe('roads to services on workerd', () => roadsTranscript(() => place))
describe('what services send too much on workerd', () => surplusTranscript(() => place, 'workerd'))
describe('what answers do on workerd', () => watchedTranscript(() => place))
describe('one isolate of workerd', () =>
  oneIsolate(
    () => quiet,
    () => place,
  ))
