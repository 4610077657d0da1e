import { afterAll, beforeAll, describe } from 'vitest'
import { type NativePlace, nativeTranscript, startNative, stopNative } from './native-clients.ts'

let place: NativePlace
beforeAll(async () => {
  place = await startNative('deno')
}, 90_000)
afterAll(() => stopNative(place), 30_000)

describe('native clients on deno', () => nativeTranscript(() => place))
