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
  place = await startIdentity('workerd', 'ES256')
}, 90_000)
afterAll(() => stopIdentity(place), 30_000)

describe('identity on workerd', () => identityTranscript(() => place))
describe('ways to services on workerd', () => spoofedWays(() => place))
describe('identity headers on workerd', () => headersTranscript(() => place))
describe('signed messages on workerd', () => messagesTranscript(() => place))
describe('lists that are too long on workerd', () => listsTranscript(() => place))
describe('three keys at once on workerd', () =>
  keysTranscript(
    () => place,
    (again) => {
      place = again
    },
  ))
