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
  place = await startIdentity('deno', 'EdDSA')
}, 90_000)
afterAll(() => stopIdentity(place), 30_000)

describe('identity on deno', () => identityTranscript(() => place))
describe('ways to services on deno', () => spoofedWays(() => place))
describe('identity headers on deno', () => headersTranscript(() => place))
describe('signed messages on deno', () => messagesTranscript(() => place))
describe('lists that are too long on deno', () => listsTranscript(() => place))
describe('three keys at once on deno', () =>
  keysTranscript(
    () => place,
    (again) => {
      place = again
    },
  ))
