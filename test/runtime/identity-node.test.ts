import { afterAll, beforeAll, describe } from 'vitest'
import { identityTranscript } from './identity.ts'
import { headersTranscript } from './identity-headers.ts'
import { keysTranscript } from './identity-keys.ts'
import { listsTranscript } from './identity-lists.ts'
import { messagesTranscript } from './identity-messages.ts'
import { type IdentityPlace, startIdentity, stopIdentity } from './identity-place.ts'
import { spoofedWays } from './spoofed-ways.ts'

let place: IdentityPlace
beforeAll(async () => {
  place = await startIdentity('node', 'ES256')
}, 90_000)
afterAll(() => stopIdentity(place), 30_000)

describe('identity on node', () => identityTranscript(() => place))
describe('ways to services on node', () => spoofedWays(() => place))
describe('identity headers on node', () => headersTranscript(() => place))
describe('signed messages on node', () => messagesTranscript(() => place))
describe('lists that are too long on node', () => listsTranscript(() => place))
describe('three keys at once on node', () =>
  keysTranscript(
    () => place,
    (again) => {
      place = again
    },
  ))
